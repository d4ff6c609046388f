// Reads the descriptors of a PMT: those of a program (program_info) and of a track (ES_info).
// Pure. ISO/IEC 13818-1 §2.6 (table 2-45: tags); ETSI EN 300 468 §6 (tables 12 and 109); ARIB STD-B10.

/** registration_descriptor (§2.6.8). */
const REGISTRATION_DESCRIPTOR = 0x05;
/** metadata_pointer_descriptor (§2.6.58). */
export const METADATA_POINTER_DESCRIPTOR = 0x25;
/** metadata_descriptor (§2.6.60). */
const METADATA_DESCRIPTOR = 0x26;

/** MPEG's extension_descriptor: its first byte, extension_descriptor_tag, says which. */
export const MPEG_EXTENSION_DESCRIPTOR = 0x3f;
/** DVB's extension_descriptor: its first byte, descriptor_tag_extension, says which. */
export const DVB_EXTENSION_DESCRIPTOR = 0x7f;
/** ARIB's data_component_descriptor: its first two bytes are data_component_id. */
export const DATA_COMPONENT_DESCRIPTOR = 0xfd;

/** Iterates over a descriptor loop (§2.6.1); a truncated loop ends without an error. */
export function* readDescriptors(loop: Uint8Array): Generator<{ tag: number; body: Uint8Array }> {
  for (let at = 0; at + 2 <= loop.length;) {
    const end = at + 2 + loop[at + 1]!;
    if (end > loop.length) return;
    yield { tag: loop[at]!, body: loop.subarray(at + 2, end) };
    at = end;
  }
}

/** The format_identifier of a registration descriptor, or the one that a descriptor of metadata has; `null`: another one. */
export function formatOf(tag: number, body: Uint8Array): string | null {
  if (tag === REGISTRATION_DESCRIPTOR) return formatAt(body, 0);
  return tag === METADATA_DESCRIPTOR || tag === METADATA_POINTER_DESCRIPTOR ? metadataFormat(body) : null;
}

/** The format_identifier of the first registration descriptor; `null`: there is none. */
export function registrationOf(loop: Uint8Array): string | null {
  for (const { tag, body } of readDescriptors(loop)) if (tag === REGISTRATION_DESCRIPTOR) return formatAt(body, 0);
  return null;
}

/** Whether one of the registration descriptors has this format_identifier. */
export function hasRegistration(loop: Uint8Array, format: string): boolean {
  for (const { tag, body } of readDescriptors(loop)) {
    if (tag === REGISTRATION_DESCRIPTOR && formatAt(body, 0) === format) return true;
  }
  return false;
}

/** metadata_format_identifier (§2.6.58, §2.6.60); empty if there is none. */
function metadataFormat(body: Uint8Array): string {
  const hasApplication = body[0] === 0xff && body[1] === 0xff; // metadata_application_format
  const at = hasApplication ? 6 : 2;
  return body[at] === 0xff ? formatAt(body, at + 1) : ''; // metadata_format
}

/** The four characters at `at`, as registration descriptors name formats (§2.6.8). */
function formatAt(body: Uint8Array, at: number): string {
  return String.fromCharCode(...body.subarray(at, at + 4));
}
