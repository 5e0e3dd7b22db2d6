/** One value in an object, as sent: number and unit are told apart later. */
export interface ObisValue {
  text: string;
  /** Unit after "*", as sent; null where there is none. */
  unit: string | null;
}

/** One object of a telegram. The code is "A-B:C.D.E" without the sixth part. @see IEC 62056-6-1 */
export interface ObisObject {
  code: string;
  values: ObisValue[];
}

/**
 * Code as text, A-B:C.D.E.
 * @param group A * 256 + B
 * @param code C * 65536 + D * 256 + E
 */
export function obisCode(group: number, code: number): string {
  return `${group >>> 8}-${group & 255}:${code >>> 16}.${(code >>> 8) & 255}.${code & 255}`;
}
