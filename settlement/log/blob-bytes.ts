import { AppError } from "../../core/app-error.ts";

/** Field elements of a blob (EIP-4844), and the bytes of each: the first stays zero, so that every value is below the modulus. */
const elements = 4096;
const elementBytes = 32;

/** Bytes of data in one blob. */
export const blobCapacity = elements * (elementBytes - 1);
/** Most blobs in one transaction (EIP-7594). */
export const blobsPerTransaction = 6;

/** Lays data into as many blobs as it needs, 31 bytes into each field element; the rest is zero. */
export function toBlobs(data: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(data.length / blobCapacity) }, (_, blob) => {
    const filled = new Uint8Array(elements * elementBytes);
    for (let element = 0; element < elements; element++) {
      const from = blob * blobCapacity + element * (elementBytes - 1);
      if (from >= data.length) break;
      filled.set(data.subarray(from, Math.min(from + elementBytes - 1, data.length)), element * elementBytes + 1);
    }
    return filled;
  });
}

/** Takes data of a known length back out of blobs. @throws AppError log-data-malformed where they are too few or filled in another way */
export function fromBlobs(blobs: readonly Uint8Array[], length: number): Uint8Array {
  if (length > blobs.length * blobCapacity)
    throw new AppError("log-data-malformed", `${blobs.length} blobs cannot hold ${length} bytes`);
  const data = new Uint8Array(blobs.length * blobCapacity);
  for (const [index, blob] of blobs.entries())
    for (let element = 0; element < elements; element++) {
      if (blob[element * elementBytes] !== 0)
        throw new AppError("log-data-malformed", `element ${element} of blob ${index} is not filled as the log fills it`);
      data.set(
        blob.subarray(element * elementBytes + 1, (element + 1) * elementBytes),
        index * blobCapacity + element * (elementBytes - 1),
      );
    }
  return data.subarray(0, length);
}
