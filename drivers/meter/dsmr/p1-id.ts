/**
 * Identifier of a device. Most meters send it as hex of printable ASCII, some as plain text; both come out as text.
 * Null where there is none or only zeros stand there.
 */
export function decodeId(text: string | undefined): string | null {
  if (text === undefined || /^0*$/.test(text)) return null;
  if (text.length < 8 || text.length % 2 !== 0 || !/^[0-9A-Fa-f]+$/.test(text)) return text;
  const decoded = Buffer.from(text, "hex").toString("latin1");
  return /^[\x20-\x7e]+$/.test(decoded) ? decoded.trim() : text;
}
