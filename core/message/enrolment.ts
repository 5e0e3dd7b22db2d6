import { z } from "zod";
import { ControlKeyJwk } from "../envelope.ts";
import { Name, SiteName } from "./fields.ts";

/** A certificate or a request in PEM; a chain is never needed. */
const Pem = z.string().max(8192).startsWith("-----BEGIN ");

/** What a gateway sends to be enrolled; `csr` is signed by the key that it made, with the gateway's id as common name. */
export const EnrolRequest = z.object({ v: z.literal(1), code: z.string().min(1).max(128), csr: Pem });
export type EnrolRequest = z.infer<typeof EnrolRequest>;

/** The same for a new key before the certificate runs out; who asks is told by the client certificate of the connection. */
export const RenewRequest = z.object({ v: z.literal(1), csr: Pem });
export type RenewRequest = z.infer<typeof RenewRequest>;

/** What a gateway learns by it. */
export const EnrolAnswer = z.object({
  v: z.literal(1),
  aggregator: Name,
  gatewayId: SiteName,
  brokerUrl: z.url({ protocol: /^mqtts?$/ }),
  /** Public keys whose signatures are to be believed. */
  controlKeys: z.array(ControlKeyJwk).min(1),
  certificate: Pem,
});
export type EnrolAnswer = z.infer<typeof EnrolAnswer>;

/** What was deleted when a home took back its data, in rows by kind. */
export const EraseAnswer = z.object({ v: z.literal(1), erased: z.record(z.string(), z.int().nonnegative()) });
export type EraseAnswer = z.infer<typeof EraseAnswer>;
