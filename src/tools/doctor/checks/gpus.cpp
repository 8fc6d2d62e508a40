#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include "tools/doctor/checks.hpp"
#include "tools/doctor/view.hpp"
#include "tools/doctor/words.hpp"

namespace remit::tools::doctor {
namespace {

constexpr KernelRelease kFirstWithDmabuf{5, 12};
/// The first driver whose open modules export GPU memory (CUDA 11.7).
constexpr std::uint64_t kFirstDriver = 515;
constexpr std::uint64_t kSmallBar = 1ULL << 30;

struct Driver {
    std::string version;  ///< "550.54.15"
    bool open = false;    ///< the open kernel modules
};

/// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build".
std::optional<Driver> read_driver(const Machine& machine) {
    const auto line = machine.line("proc/driver/nvidia/version");
    if (!line) return std::nullopt;
    Driver driver;
    driver.open = line->find("Open Kernel Module") != std::string::npos;
    for (const std::string& word : words_of(*line)) {
        const bool version = number_in(word) && word.find('.') != std::string::npos;
        if (version && driver.version.empty()) driver.version = word;
    }
    return driver;
}

void check_driver(const Machine& machine, const std::optional<Driver>& driver, Findings& findings) {
    if (!driver) {
        findings.add(Verdict::problem, "gpu.driver", "",
                     "no NVIDIA driver is loaded: /proc/driver/nvidia/version is not there",
                     container_of(machine)
                         ? "start the container with --gpus all (NVIDIA container toolkit), in Kubernetes "
                           "nvidia.com/gpu in limits"
                         : "install the driver of your distribution, then modprobe nvidia (nouveau must not hold "
                           "the GPU)");
        return;
    }
    if (!machine.exists("dev/nvidiactl")) {
        findings.add(Verdict::problem, "gpu.driver", "",
                     "driver " + driver->version + ", but /dev/nvidiactl is not there",
                     container_of(machine) ? "start the container with --gpus all (NVIDIA container toolkit)"
                                           : "nvidia-modprobe -c 0 -u, or start nvidia-persistenced");
        return;
    }
    findings.ok("gpu.driver", "",
                fmt::format("{}, {} kernel modules", driver->version, driver->open ? "open" : "proprietary"));
}

/// Why dma-buf does not work here; empty where it does.
std::string dmabuf_obstacle(const Machine& machine, const Driver& driver) {
    const std::string text = machine.line("proc/sys/kernel/osrelease").value_or("");
    const auto release = kernel_release_of(text);
    if (release && *release < kFirstWithDmabuf) return "Linux " + text + " cannot register dma-bufs";
    if (!driver.open) return "the proprietary kernel modules export none";
    if (number_in(driver.version).value_or(0) < kFirstDriver) return "driver " + driver.version + " exports none";
    return "";
}

bool has_peermem(const Machine& machine) {
    return machine.exists("sys/module/nvidia_peermem") || machine.exists("sys/module/nv_peer_mem");
}

std::string dmabuf_remedy(const std::string& obstacle) {
    if (obstacle.starts_with("Linux"))
        return "a kernel of 5.12 or later with the driver's open modules; or modprobe nvidia-peermem";
    if (obstacle.starts_with("driver"))
        return "a driver of 515 or later with its open modules; or modprobe nvidia-peermem";
    return "install the driver's open kernel modules (nvidia-open; GPUs from Turing on); or modprobe nvidia-peermem";
}

void check_direct(const Machine& machine, const Driver& driver, Findings& findings) {
    const std::string obstacle = dmabuf_obstacle(machine, driver);
    const bool peermem = has_peermem(machine);
    const Verdict alone = peermem ? Verdict::ok : Verdict::warning;
    if (obstacle.empty()) {
        findings.ok("gpu.dmabuf", "", "kernel and driver have it");
    } else {
        findings.add(alone, "gpu.dmabuf", "", obstacle, peermem ? "" : dmabuf_remedy(obstacle));
    }
    if (peermem) {
        findings.ok("gpu.peermem", "", "nvidia-peermem is loaded");
    } else if (obstacle.empty()) {
        findings.ok("gpu.peermem", "", "not loaded, and not needed: dma-buf is there");
    } else {
        findings.add(
            Verdict::warning, "gpu.peermem", "", "nvidia-peermem is not loaded",
            "modprobe nvidia-peermem, and its name in /etc/modules-load.d/nvidia-peermem.conf (it needs a kernel or "
            "MLNX_OFED with peer memory)");
    }
    if (obstacle.empty() || peermem) {
        findings.ok("gpu.direct", "", obstacle.empty() ? "by dma-buf" : "by nvidia-peermem");
    } else {
        findings.add(Verdict::warning, "gpu.direct", "",
                     "not possible: transfers from and to GPU memory are staged through pinned host memory",
                     "see gpu.dmabuf and gpu.peermem: either of them is enough");
    }
}

/// "0x… 0x… 0x…" a line and BAR: the second memory region of the GPU is BAR1.
void check_bar(const Machine& machine, const topology::PciPlace& gpu, Findings& findings) {
    const auto text = machine.text("sys/bus/pci/devices/" + gpu.address + "/resource");
    if (!text) return;
    const auto lines = lines_of(*text);
    if (lines.size() < 2) return;
    const auto words = words_of(lines[1]);
    const auto begin = words.size() > 1 ? number_in(words[0]) : std::nullopt;
    const auto end = words.size() > 1 ? number_in(words[1]) : std::nullopt;
    if (!begin || !end || *end <= *begin) return;
    const std::uint64_t bytes = *end - *begin + 1;
    if (bytes >= kSmallBar) {
        findings.ok("gpu.bar", gpu.address, "BAR1 covers " + size_text(bytes));
    } else {
        findings.add(
            Verdict::warning, "gpu.bar", gpu.address, "BAR1 covers " + size_text(bytes) + " alone",
            "turn on Above 4G Decoding and Resizable BAR in the machine's firmware; pools on this GPU must be smaller "
            "than that");
    }
}

/// The same choice as a worker's whose pools are on that GPU.
void check_nic(const Machine& machine, const topology::PciPlace& gpu, const std::vector<topology::PciPlace>& gpus,
               Findings& findings) {
    const auto& devices = machine.rdma.devices;
    if (devices.empty()) return;
    try {
        const auto choice = verbs::choose_device(devices, "", {}, verbs::GpuNeighbourhood{gpu, gpus});
        const verbs::DeviceInfo& device = devices[choice.index];
        const std::string found = fmt::format("{}: {}", device.name, choice.reason);
        if (!device.place) {
            findings.add(Verdict::unknown, "gpu.nic", gpu.address, found + "; no device has a place on PCI",
                         "name the device with --device");
            return;
        }
        if (topology::distance(gpu, *device.place).span == topology::Span::machine) {
            findings.add(Verdict::warning, "gpu.nic", gpu.address, found,
                         "put a NIC on the GPU's side of the machine, or use GPUs on the NIC's: `nvidia-smi topo -m` "
                         "shows both");
            return;
        }
        findings.ok("gpu.nic", gpu.address, found);
    } catch (const Error& error) {
        findings.add(Verdict::warning, "gpu.nic", gpu.address, error.what(), "see device.*");
    }
}

}  // namespace

std::vector<Finding> check_gpus(const Machine& machine) {
    Findings findings;
    const auto gpus = topology::read_gpus(machine.path("sys"));
    if (gpus.empty()) {
        findings.ok("gpu.present", "", "none of NVIDIA: host memory alone");
        return findings.take();
    }
    std::vector<std::string> addresses;
    for (const auto& gpu : gpus) addresses.push_back(gpu.address);
    findings.ok("gpu.present", "", list_of(addresses));
    const auto driver = read_driver(machine);
    check_driver(machine, driver, findings);
    if (driver) check_direct(machine, *driver, findings);
    for (const auto& gpu : gpus) {
        check_nic(machine, gpu, gpus, findings);
        check_bar(machine, gpu, findings);
    }
    findings.add(Verdict::unknown, "gpu.ordering", "", "told by the driver to a process that has opened the GPU",
                 "a worker asks for it and flushes where it must: --log-level info tells how");
    return findings.take();
}

}  // namespace remit::tools::doctor
