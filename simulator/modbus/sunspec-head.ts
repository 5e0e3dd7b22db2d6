/** First word of a SunSpec device's map. */
export const sunspecBase = 40_000;
/** Words of the common model, without id and length. */
export const commonWords = 66;

/** Marker and model 1, which every SunSpec device begins with; a model of its own follows. @param name of the device */
export function sunspecHead(name: string, serial: string): number[] {
  const words: number[] = [];
  const text = (value: string, length: number): void => {
    const padded = Buffer.alloc(length * 2);
    padded.write(value, "latin1");
    for (let at = 0; at < length; at++) words.push(padded.readUInt16BE(at * 2));
  };
  text("SunS", 2);
  words.push(1, commonWords);
  text("Smart-MLA", 16);
  text(name, 16);
  text("", 8);
  text("1", 8);
  text(serial, 16);
  words.push(1, 0);
  return words;
}
