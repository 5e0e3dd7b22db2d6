import { z } from "zod";

/** UTC instant on the wire: ISO 8601 with Z. */
export const Instant = z.iso.datetime();

/** Money on the wire: integer micro-units as a decimal string. */
export const Micro = z.string().regex(/^-?\d{1,30}$/, 'integer micro-units as a string, such as "1250000"');

/** 32 bytes in hex. */
export const Hash = z.string().regex(/^0x[0-9a-f]{64}$/, "32 bytes as 0x and 64 lower-case hex digits");

/** An Ethereum address, lower case on the wire. */
export const Address = z.string().regex(/^0x[0-9a-f]{40}$/, "an address as 0x and 40 lower-case hex digits");

/** A 65-byte ECDSA signature. */
export const Signature = z.string().regex(/^0x[0-9a-f]{130}$/, "65 bytes as 0x and 130 lower-case hex digits");

/** Name of an appliance, meter or other part of a site, as in its configuration. */
export const Name = z.string().regex(/^[A-Za-z0-9_-]{1,48}$/, "1 to 48 letters, digits, _ or -");

/** Id of a gateway and so of its site, as in topics and as common name of its certificate. */
export const SiteName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, . _ or -");

/** ISO 4217 code of the money. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, "an ISO 4217 code such as EUR");

/** Local time of day. */
export const LocalTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a local time such as "07:30"');
