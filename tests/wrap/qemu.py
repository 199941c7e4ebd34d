"""qemu.py - a QEMU guest that never runs: memory of our choosing, registers as we set them, and
QEMU's own captures of both.

Sources: QEMU, docs/specs/fw_cfg.rst and vmcoreinfo.rst, docs/devel/testing/qtest; the QMP reference
for dump-guest-memory; GDB's remote protocol, and QEMU's gdb-xml/i386-64bit.xml for the numbers of
registers.
"""
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time

PROGRAM = "qemu-system-x86_64"
SECONDS = 30
CR0, CR3, CR4, EFER = 27, 29, 30, 32  # register numbers
SCRATCH = 0x20000  # guest memory for fw_cfg's DMA; zeros before and after
FILE_DIRECTORY = 0x19
SELECT, READ, WRITE = 0x08, 0x02, 0x10


def installed():
    return shutil.which(PROGRAM) is not None


class Qemu:
    def __init__(self, folder, memory, mebibytes, processors):
        self.folder = pathlib.Path(folder)
        self.listeners = {name: self.listen(name) for name in ("qmp", "gdb", "qtest")}
        chardevs = [word for name in self.listeners for word in
                    ("-chardev", f"socket,id={name},path={self.folder / name}")]
        self.process = subprocess.Popen(
            [PROGRAM, "-S", "-accel", "tcg", "-cpu", "max", "-nodefaults", "-nographic",
             "-no-user-config", "-machine", "pc,memory-backend=ram", "-m", f"{mebibytes}M",
             "-smp", str(processors),
             "-object", f"memory-backend-file,id=ram,size={mebibytes}M,mem-path={memory},share=off",
             "-device", "vmcoreinfo", *chardevs, "-mon", "chardev=qmp,mode=control",
             "-gdb", "chardev:gdb", "-qtest", "chardev:qtest", "-qtest-log", "none"],
            stdin=subprocess.DEVNULL)
        try:
            self.channels = {name: self.accept(name) for name in self.listeners}
            self.qmp("qmp_capabilities", greeting=True)
        except BaseException:
            self.close()
            raise

    def listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.fspath(self.folder / name))
        listener.listen(1)
        listener.settimeout(SECONDS)
        return listener

    def accept(self, name):
        channel, _ = self.listeners[name].accept()
        channel.settimeout(SECONDS)
        return channel

    def close(self):
        """The guest must not run: nothing is detached, the process just ends."""
        self.process.kill()
        self.process.wait()
        for name, listener in self.listeners.items():
            listener.close()
            (self.folder / name).unlink(missing_ok=True)
        for channel in getattr(self, "channels", {}).values():
            channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- QMP ----

    def qmp_line(self):
        line = b""
        while not line.endswith(b"\n"):
            part = self.channels["qmp"].recv(1)
            if not part:
                raise OSError("QEMU ended")
            line += part
        return json.loads(line)

    def qmp(self, command, greeting=False, **arguments):
        if greeting:
            self.qmp_line()
        request = {"execute": command, "arguments": arguments}
        self.channels["qmp"].sendall(json.dumps(request).encode())
        while True:
            answer = self.qmp_line()
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def capture(self, form, path):
        self.qmp("dump-guest-memory", paging=False, protocol=f"file:{path}", format=form)

    # ---- registers ----

    def packet(self, content):
        content = content.encode()
        self.channels["gdb"].sendall(b"$%s#%02x" % (content, sum(content) & 0xFF))
        answer, end = b"", time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer += self.channels["gdb"].recv(65536)
            body = answer[answer.find(b"$") + 1:]
            if b"$" in answer and b"#" in body[:-2]:
                self.channels["gdb"].sendall(b"+")
                return body[:body.index(b"#")].decode("latin-1")
        raise OSError("no answer of the gdb stub")

    def set_registers(self, processors, registers):
        """`registers`: [(number, value)], set in this order on every processor."""
        self.packet("qSupported")
        self.packet("qXfer:features:read:target.xml:0,ffb")
        for processor in range(processors):
            assert self.packet(f"Hg{processor + 1:x}") == "OK"
            for number, value in registers:
                answer = self.packet(f"P{number:x}={struct.pack('<Q', value).hex()}")
                assert answer == "OK", (number, answer)

    # ---- guest memory and the note ----

    def qtest(self, command):
        self.channels["qtest"].sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.channels["qtest"].recv(65536)
        words = answer.decode().split()
        assert words[0] == "OK", (command, answer)
        return words[1] if len(words) > 1 else ""

    def write(self, address, data):
        for start in range(0, len(data), 1024):
            part = data[start:start + 1024]
            self.qtest(f"write 0x{address + start:x} 0x{len(part):x} 0x{part.hex()}")

    def read(self, address, size):
        return bytes.fromhex(self.qtest(f"read 0x{address:x} 0x{size:x}")[2:])

    def dma(self, control, key, size):
        """FWCfgDmaAccess at SCRATCH, the data behind it; all of it big-endian, the ports too."""
        self.write(SCRATCH, struct.pack(">2IQ", key << 16 | SELECT | control, size, SCRATCH + 16))
        swapped, = struct.unpack("<I", struct.pack(">I", SCRATCH))
        self.qtest("outl 0x514 0x0")
        self.qtest(f"outl 0x518 0x{swapped:x}")

    def key_of(self, name):
        self.dma(READ, FILE_DIRECTORY, 4)
        count, = struct.unpack(">I", self.read(SCRATCH + 16, 4))
        self.dma(READ, FILE_DIRECTORY, 4 + 64 * count)
        entries = self.read(SCRATCH + 16, 4 + 64 * count)[4:]
        for start in range(0, len(entries), 64):
            _, key, _, found = struct.unpack(">IHH56s", entries[start:start + 64])
            if found.rstrip(b"\0").decode() == name:
                return key
        raise OSError(f"QEMU has no {name}")

    def put_note(self, address, note):
        """What a guest's driver does: the note into memory, its place into etc/vmcoreinfo."""
        self.write(address, note)
        key = self.key_of("etc/vmcoreinfo")
        self.write(SCRATCH + 16, struct.pack("<2HIQ", 0, 1, len(note), address))
        self.dma(WRITE, key, 16)
        self.write(SCRATCH, bytes(0x2000))
