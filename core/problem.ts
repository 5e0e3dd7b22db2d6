/** A failure as application/problem+json. @see RFC 9457 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
}

/** @param code stable code of the failure */
export function problemOf(status: number, code: string, detail: string): Problem {
  return { type: `urn:smart-mla:${code}`, title: code, status, detail };
}
