#include "tools/npy/request_folder.hpp"

#include <remit/error.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "tools/cli/options.hpp"
#include "tools/npy/array_file.hpp"

namespace remit::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmbeddings = "embeddings.npy";
constexpr const char* kFillIds = "fill_ids.npy";
constexpr const char* kMrope = "mrope_positions.npy";
constexpr const char* kDeepstack = "deepstack_embeddings.npy";
constexpr std::size_t kMostPathShown = 200;

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
    throw UsageError("file " + path.string() + ": " + why);
}

DType element_type(const fs::path& path, const std::string& descr) {
    if (descr == "<u2") return DType::bf16;
    if (descr == "<f2") return DType::fp16;
    if (descr == "<f4") return DType::fp32;
    if (descr == "|u1") return DType::fp8;
    refuse(path, "element type " + descr + "; permitted: <f2 (fp16), <f4 (fp32), <u2 (bf16), |u1 (fp8)");
}

std::string descr_of(DType dtype) {
    switch (dtype) {
        case DType::bf16: return "<u2";
        case DType::fp16: return "<f2";
        case DType::fp32: return "<f4";
        case DType::fp8: return "|u1";
        case DType::int32: break;
    }
    return "<i4";
}

/// int32 as it is, int64 where every value fits.
std::vector<std::byte> as_int32(const fs::path& path, ArrayFile array, bool& narrowed) {
    if (array.descr == "<i4") return std::move(array.data);
    if (array.descr != "<i8") refuse(path, "element type " + array.descr + "; permitted: <i4, <i8");
    narrowed = true;
    const std::size_t count = array.data.size() / sizeof(std::int64_t);
    std::vector<std::byte> narrow(count * sizeof(std::int32_t));
    for (std::size_t i = 0; i < count; ++i) {
        std::int64_t value = 0;
        std::memcpy(&value, array.data.data() + i * sizeof value, sizeof value);
        if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) {
            refuse(path,
                   "element " + std::to_string(i) + " is " + std::to_string(value) + ", which does not fit int32");
        }
        const auto small = static_cast<std::int32_t>(value);
        std::memcpy(narrow.data() + i * sizeof small, &small, sizeof small);
    }
    return narrow;
}

void expect_shape(const fs::path& path, const ArrayFile& array, const std::vector<std::uint64_t>& wanted) {
    if (array.shape == wanted) return;
    refuse(path, "shape " + shape_text(array.shape) + "; with these embeddings it must be " + shape_text(wanted));
}

void read_embeddings(const fs::path& path, RequestFolder& request) {
    ArrayFile array = read_array(path);
    const auto& shape = array.shape;
    if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0 || shape[0] > 2147483647 || shape[1] > 1048576) {
        refuse(path, "shape " + shape_text(shape) + "; permitted: (1 to 2147483647 tokens, 1 to 1048576 elements)");
    }
    request.tokens = shape[0];
    request.hidden = static_cast<std::uint32_t>(shape[1]);
    request.dtype = element_type(path, array.descr);
    request.embeddings = std::move(array.data);
}

void read_deepstack(const fs::path& path, RequestFolder& request) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return;
    if (error) refuse(path, error.message());
    ArrayFile array = read_array(path);
    const auto& shape = array.shape;
    if (shape.size() != 2 || shape[0] != request.tokens || shape[1] % request.hidden != 0 ||
        shape[1] / request.hidden < 1 || shape[1] / request.hidden > 64) {
        refuse(path, "shape " + shape_text(shape) + "; permitted: (" + std::to_string(request.tokens) + ", " +
                         std::to_string(request.hidden) + " * D) with D from 1 to 64");
    }
    if (element_type(path, array.descr) != request.dtype) {
        refuse(path, "element type " + array.descr + "; the embeddings have " + descr_of(request.dtype));
    }
    request.deepstack = static_cast<std::uint32_t>(shape[1] / request.hidden);
    request.deepstack_embeddings = std::move(array.data);
}

/// Qwen2-VL's rule: the next position is one past the greatest, on whatever axis it lies.
std::int32_t delta_of(const RequestFolder& request) {
    std::int64_t greatest = -1;
    for (std::size_t at = 0; at < request.mrope_positions.size(); at += sizeof(std::int32_t)) {
        std::int32_t position = 0;
        std::memcpy(&position, request.mrope_positions.data() + at, sizeof position);
        greatest = std::max<std::int64_t>(greatest, position);
    }
    return static_cast<std::int32_t>(greatest + 1 - static_cast<std::int64_t>(request.tokens));
}

void write_segment(const fs::path& path, const std::string& descr, std::vector<std::uint64_t> shape,
                   const std::vector<std::byte>& data) {
    write_array(path, {descr, std::move(shape), data});
}

std::optional<std::string> compare(const char* name, const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
    if (a.size() != b.size()) {
        return std::string(name) + ": " + std::to_string(a.size()) + " bytes against " + std::to_string(b.size());
    }
    const auto at = std::mismatch(a.begin(), a.end(), b.begin()).first;
    if (at == a.end()) return std::nullopt;
    return std::string(name) + " differs at byte " + std::to_string(at - a.begin()) + " of its elements";
}

}  // namespace

const std::vector<std::byte>& RequestFolder::data(SegmentKind kind) const {
    switch (kind) {
        case SegmentKind::embeddings: return embeddings;
        case SegmentKind::fill_ids: return fill_ids;
        case SegmentKind::mrope_positions: return mrope_positions;
        case SegmentKind::deepstack_embeddings: return deepstack_embeddings;
        case SegmentKind::aux_datas: break;
    }
    throw Error(ErrorKind::internal, "a request folder holds no aux_datas");
}

RequestFolder read_request(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        throw UsageError("option --input: \"" + folder.string().substr(0, kMostPathShown) + "\" is no folder" +
                         (error ? ": " + error.message() : ""));
    }
    RequestFolder request;
    read_embeddings(folder / kEmbeddings, request);
    ArrayFile ids = read_array(folder / kFillIds);
    expect_shape(folder / kFillIds, ids, {request.tokens});
    request.fill_ids = as_int32(folder / kFillIds, std::move(ids), request.narrowed);
    ArrayFile mrope = read_array(folder / kMrope);
    expect_shape(folder / kMrope, mrope, {3, request.tokens});
    request.mrope_positions = as_int32(folder / kMrope, std::move(mrope), request.narrowed);
    read_deepstack(folder / kDeepstack, request);
    request.mrope_delta = delta_of(request);
    return request;
}

void prepare_output(const fs::path& folder) {
    const auto refuse_output = [&](const std::string& why) {
        throw UsageError("option --output: \"" + folder.string().substr(0, kMostPathShown) + "\": " + why);
    };
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) refuse_output("cannot be made: " + error.message());
    if (!fs::is_directory(folder, error)) refuse_output("is no folder");
    if (access(folder.c_str(), W_OK | X_OK) != 0) refuse_output(std::string("cannot be written: ") + strerror(errno));
    for (const char* name : {kEmbeddings, kFillIds, kMrope, kDeepstack}) {
        const fs::path file = folder / name;
        const fs::file_status status = fs::status(file, error);
        if (status.type() == fs::file_type::not_found) continue;
        if (!fs::is_regular_file(status)) refuse_output(std::string(name) + " in it is no plain file");
        if (access(file.c_str(), W_OK) != 0) {
            refuse_output(std::string(name) + " in it cannot be written: " + strerror(errno));
        }
    }
}

void write_request(const fs::path& folder, const RequestFolder& request) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error(ErrorKind::environment, "cannot make " + folder.string() + ": " + error.message());
    const std::string descr = descr_of(request.dtype);
    write_segment(folder / kEmbeddings, descr, {request.tokens, request.hidden}, request.embeddings);
    write_segment(folder / kFillIds, "<i4", {request.tokens}, request.fill_ids);
    write_segment(folder / kMrope, "<i4", {3, request.tokens}, request.mrope_positions);
    if (request.deepstack == 0) {
        fs::remove(folder / kDeepstack, error);  // of an earlier run: it would be read as part of this request
        return;
    }
    write_segment(folder / kDeepstack, descr, {request.tokens, std::uint64_t{request.hidden} * request.deepstack},
                  request.deepstack_embeddings);
}

std::optional<std::string> first_difference(const RequestFolder& a, const RequestFolder& b) {
    if (a.dtype != b.dtype) {
        return "embeddings: " + std::string(to_string(a.dtype)) + " against " + std::string(to_string(b.dtype));
    }
    if (a.tokens != b.tokens || a.hidden != b.hidden || a.deepstack != b.deepstack) return "embeddings: other shape";
    if (auto found = compare("embeddings", a.embeddings, b.embeddings)) return found;
    if (auto found = compare("fill_ids", a.fill_ids, b.fill_ids)) return found;
    if (auto found = compare("mrope_positions", a.mrope_positions, b.mrope_positions)) return found;
    return compare("deepstack_embeddings", a.deepstack_embeddings, b.deepstack_embeddings);
}

}  // namespace remit::tools
