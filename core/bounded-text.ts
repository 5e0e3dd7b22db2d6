/** The text of an answer, or null where it has more than so many bytes: what comes then is not read, however much it is. */
export async function boundedText({ body }: Pick<Response, "body">, mostBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > mostBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
