/** Outputs of `nvidia-smi` and `dmesg` as drivers 535 to 580 write them, shortened to what is read. */

const A = 'GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f';
const B = 'GPU-0f2ae7d1-3f6a-4a34-a4d3-c0c8b6b2c1aa';
export const UUIDS = [A, B] as const;

export const LIST = `0, ${A}, 00000000:07:00.0, NVIDIA A100-SXM4-40GB, 40960, 535.104.05, Enabled
1, ${B}, 00000000:0F:00.0, NVIDIA A100-SXM4-40GB, 40960, 535.104.05, Disabled
`;

/** A card without MIG and ECC, as seen from a laptop. */
export const LIST_OF_A_DESKTOP = `0, ${A}, 00000000:01:00.0, NVIDIA GeForce RTX 4090, 24564, 550.163.01, [N/A]
`;

/** Inside a container that was given one MIG slice: the whole card's figures may not be read. */
export const LIST_OF_A_SLICE = `0, ${A}, 00000000:07:00.0, NVIDIA A100-SXM4-40GB, [Insufficient Permissions], 535.104.05, Enabled
`;

export const HEALTH = `${A}, 0, 0
${B}, 12, 0
`;
export const HEALTH_WITHOUT_ECC = `${A}, [N/A], [N/A]
`;
/** One of the two has gone: the driver complains of it and lists the other. */
export const HEALTH_OF_A_LOST_ONE = `Unable to determine the device handle for GPU 0000:0F:00.0: GPU is lost.  Reboot the system to recover this GPU
${A}, 0, 0
`;
export const HEALTH_UNKNOWN_ERROR = `Unable to determine the device handle for GPU0000:0F:00.0: Unknown Error
No devices were found
`;
export const HEALTH_IN_A_FIELD = `${A}, 0, 0
${B}, [GPU is lost], [GPU is lost]
`;
export const DRIVER_GONE =
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n";

export const MIG_LIST = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: ${A})
  MIG 3g.20gb     Device  0: (UUID: MIG-4fa5e5b4-8ff1-5a0d-9d51-6b7b1b1e1b2c)
  MIG 1g.5gb+me   Device  1: (UUID: MIG-e07a497d-1bb6-5a42-b670-1c33bf55ab6e)
  MIG 1g.5gb      Device  2: (UUID: MIG-90075af8-1349-5b67-83b7-e31b0590b922)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: ${B})
`;
/** The first driver with MIG named slices by their GPU. */
export const MIG_LIST_OF_450 = `GPU 0: A100-SXM4-40GB (UUID: ${A})
  MIG 3g.20gb Device 0: (UUID: MIG-${A}/1/0)
  MIG 3g.20gb Device 1: (UUID: MIG-${A}/2/0)
`;

export const ALL_LINKED = `\tGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID
GPU0\t X \tNV12\tSYS\t0-31,64-95\t0\t\tN/A
GPU1\tNV12\t X \tSYS\t32-63,96-127\t1\t\tN/A
NIC0\tSYS\tSYS\t X \t\t\t\t

Legend:

  X    = Self
  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes (e.g., QPI/UPI)
  NV#  = Connection traversing a bonded set of # NVLinks
`;
/** Bridges between pairs, with the underlined header of newer versions. */
export const LINKED_IN_PAIRS = `\t\u001b[4mGPU0\tGPU1\tGPU2\tGPU3\tCPU Affinity\tNUMA Affinity\u001b[0m
GPU0\t X \tPHB\tNV4\tSYS\t0-15\t0
GPU1\tPHB\t X \tSYS\tNV4\t0-15\t0
GPU2\tNV4\tSYS\t X \tPHB\t16-31\t1
GPU3\tSYS\tNV4\tPHB\t X \t16-31\t1
`;

export const QUERY = `
==============NVSMI LOG==============

Timestamp                                 : Tue Oct 17 11:17:13 2023
Driver Version                            : 535.104.05
CUDA Version                              : 12.2

Attached GPUs                             : 2
GPU 00000000:07:00.0
    ECC Mode
        Current                           : Enabled
`;

export const KERNEL_LOG = `[    0.000000] Linux version 6.8.0
[   12.345678] nvidia 0000:0f:00.0: enabling device (0140 -> 0142)
[ 1399.140318] NVRM: GPU at PCI:0000:0f:00: ${B}
[ 1399.140323] NVRM: Xid (PCI:0000:0f:00): 31, pid=2096908, name=python3, Ch 00000008, intr 00000000. MMU Fault: ENGINE GRAPHICS
[ 1843.308145] NVRM: The NVIDIA GPU 0000:07:00.0
               NVRM: (PCI ID: 10de:26b5) installed in this system has
               NVRM: fallen off the bus and is not responding to commands.
[ 1843.439662] NVRM: The NVIDIA probe routine failed for 1 device(s).
[ 1900.000001] NVRM: Xid (PCI:0000:0F:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
`;
