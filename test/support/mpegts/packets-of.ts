// Analyses received packets, sharing no code with src. ISO/IEC 13818-1 §2.4.3.

/** The packets of one PID (all of them without one), in order. */
export function packetsOf(bytes: Buffer, pid?: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 188 <= bytes.length; at += 188) {
    if (pid === undefined || (bytes.readUInt16BE(at + 1) & 0x1fff) === pid) found.push(bytes.subarray(at, at + 188));
  }
  return found;
}

/** Packets whose continuity_counter is not the next of their PID, unless they announce it; by PID. */
export function continuityErrors(bytes: Buffer): string[] {
  const last = new Map<number, number>();
  const errors: string[] = [];
  packetsOf(bytes).forEach((packet, i) => {
    const pid = packet.readUInt16BE(1) & 0x1fff;
    if (packet[0] !== 0x47) errors.push(`packet ${i} has no sync byte`);
    if (pid === 0x1fff) return;
    const counter = packet[3]! & 0x0f;
    const announced = (packet[3]! & 0x20) !== 0 && packet[4]! > 0 && (packet[5]! & 0x80) !== 0;
    const before = last.get(pid);
    const expected =
      before === undefined || announced ? counter : (before + ((packet[3]! & 0x10) !== 0 ? 1 : 0)) & 0x0f;
    if (counter !== expected) errors.push(`packet ${i} of PID ${pid}: ${counter} instead of ${expected}`);
    last.set(pid, counter);
  });
  return errors;
}
