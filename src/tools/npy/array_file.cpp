#include "tools/npy/array_file.hpp"

#include <remit/error.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>

#include "base/checked.hpp"
#include "tools/cli/options.hpp"

namespace remit::tools {
namespace {

constexpr const char* kPermitted = "<f2, <f4, <u2, |u1, <i4, <i8";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw UsageError("file " + path.string() + ": " + why);
}

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(path, std::strerror(errno));
    std::ostringstream text;
    text << file.rdbuf();
    if (!file.good() && !file.eof()) refuse(path, "cannot be read");
    return text.str();
}

struct Header {
    std::size_t begin = 0;  ///< of the dictionary
    std::size_t end = 0;    ///< of the dictionary, which is where the elements begin
};

std::size_t byte_of(const std::string& text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

Header find_header(const std::filesystem::path& path, const std::string& text) {
    constexpr std::size_t kMagic = 6;
    if (text.size() < 12 || text.compare(0, kMagic, "\x93NUMPY") != 0) refuse(path, "is no NumPy array file");
    const bool wide = byte_of(text, kMagic) >= 2;
    Header header;
    header.begin = wide ? 12 : 10;
    std::size_t length = byte_of(text, 8) | byte_of(text, 9) << 8;
    if (wide) length |= byte_of(text, 10) << 16 | byte_of(text, 11) << 24;
    header.end = header.begin + length;
    if (header.end > text.size()) refuse(path, "ends inside its header");
    return header;
}

/// The text that follows 'key': in the dictionary.
std::string value_of(const std::filesystem::path& path, const std::string& dictionary, const std::string& key) {
    const std::size_t at = dictionary.find("'" + key + "':");
    if (at == std::string::npos) refuse(path, "has no '" + key + "' in its header");
    const std::size_t begin = dictionary.find_first_not_of(' ', at + key.size() + 3);
    return begin == std::string::npos ? "" : dictionary.substr(begin);
}

std::vector<std::uint64_t> shape_of(const std::filesystem::path& path, const std::string& text) {
    const std::size_t close = text.find(')');
    if (text.empty() || text.front() != '(' || close == std::string::npos) refuse(path, "has no shape in its header");
    std::istringstream stream(text.substr(1, close - 1));
    std::vector<std::uint64_t> shape;
    for (std::string item; std::getline(stream, item, ',');) {
        const std::size_t first = item.find_first_not_of(' ');
        if (first == std::string::npos) continue;
        const std::string digits = item.substr(first);
        if (digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) {
            refuse(path, "shape holds \"" + digits.substr(0, 40) + "\"");
        }
        shape.push_back(std::stoull(digits));
    }
    return shape;
}

std::uint64_t item_bytes(const std::filesystem::path& path, const std::string& descr) {
    for (const auto& [name, bytes] :
         {std::pair{"<f2", 2}, {"<f4", 4}, {"<u2", 2}, {"|u1", 1}, {"<i4", 4}, {"<i8", 8}}) {
        if (descr == name) return static_cast<std::uint64_t>(bytes);
    }
    refuse(path, "element type " + descr.substr(0, 40) + "; permitted: " + kPermitted);
}

template <typename T>
std::vector<std::byte> load(const std::string& text) {
    std::istringstream stream(text);
    const xt::xarray<T> array = xt::load_npy<T>(stream);
    std::vector<std::byte> data(array.size() * sizeof(T));
    std::memcpy(data.data(), array.data(), data.size());
    return data;
}

std::vector<std::byte> load_as(const std::string& descr, std::string text, const Header& header) {
    if (descr == "<f4") return load<float>(text);
    if (descr == "|u1") return load<std::uint8_t>(text);
    if (descr == "<i4") return load<std::int32_t>(text);
    if (descr == "<i8") return load<std::int64_t>(text);
    if (descr == "<f2") {
        // xtensor knows no 16-bit float: its bits are read as those of an integer of that size.
        const std::size_t at = text.find("<f2", header.begin);
        if (at < header.end) text.replace(at, 3, "<u2");
    }
    return load<std::uint16_t>(text);
}

template <typename T>
std::string dump(const ArrayFile& array) {
    std::vector<std::size_t> shape(array.shape.begin(), array.shape.end());
    std::vector<T> items(array.data.size() / sizeof(T));
    std::memcpy(items.data(), array.data.data(), items.size() * sizeof(T));
    return xt::dump_npy(xt::adapt(items, shape));
}

std::string dump_as(const ArrayFile& array) {
    if (array.descr == "<f4") return dump<float>(array);
    if (array.descr == "|u1") return dump<std::uint8_t>(array);
    if (array.descr == "<i4") return dump<std::int32_t>(array);
    if (array.descr == "<i8") return dump<std::int64_t>(array);
    std::string text = dump<std::uint16_t>(array);
    const std::size_t at = text.find("<u2");
    if (array.descr == "<f2" && at != std::string::npos) text.replace(at, 3, "<f2");
    return text;
}

}  // namespace

std::string shape_text(const std::vector<std::uint64_t>& shape) {
    std::string text = "(";
    for (const std::uint64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + ")";
}

ArrayFile read_array(const std::filesystem::path& path) {
    const std::string text = read_all(path);
    const Header header = find_header(path, text);
    const std::string dictionary = text.substr(header.begin, header.end - header.begin);
    ArrayFile array;
    const std::string descr = value_of(path, dictionary, "descr");
    if (descr.empty() || descr.front() != '\'') refuse(path, "holds records; permitted: " + std::string(kPermitted));
    array.descr = descr.substr(1, descr.find('\'', 1) - 1);
    array.shape = shape_of(path, value_of(path, dictionary, "shape"));
    std::optional<std::uint64_t> bytes = item_bytes(path, array.descr);
    for (const std::uint64_t extent : array.shape) bytes = bytes ? checked_mul(*bytes, extent) : bytes;
    if (!bytes || *bytes != text.size() - header.end) {
        refuse(path, "holds " + std::to_string(text.size() - header.end) +
                         " bytes of elements, which is not what shape " + shape_text(array.shape) + " of " +
                         array.descr + " takes");
    }
    if (value_of(path, dictionary, "fortran_order").rfind("False", 0) != 0) {
        refuse(path, "is in Fortran order; save it with numpy.ascontiguousarray");
    }
    try {
        array.data = load_as(array.descr, text, header);
    } catch (const std::exception& error) {
        refuse(path, error.what());
    }
    return array;
}

void write_array(const std::filesystem::path& path, const ArrayFile& array) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    const std::string text = dump_as(array);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) throw Error(ErrorKind::environment, "cannot write " + path.string() + ": " + std::strerror(errno));
}

}  // namespace remit::tools
