import { z } from "zod";
import { Instant } from "./fields.ts";

/**
 * What an aggregator may change at a gateway from afar, by the keys of its configuration file. The list is short on purpose:
 * nothing that reaches a device, a key, a broker, a limit, money or what the household allows is on it, and it is the gateway
 * that holds it.
 */
export const RemoteConfig = z.strictObject({
  "log.level": z.enum(["debug", "info", "warn", "error"]).exactOptional(),
  /** What a power cut may cost of single readings: less than the file may say. */
  "storage.commit_every_s": z.int().min(1).max(60).exactOptional(),
});
export type RemoteConfig = z.infer<typeof RemoteConfig>;

/** dn/config, retained: what the gateway shall run by; keys that it does not name are as the gateway's own file has them. */
export const ConfigOrder = z.object({
  v: z.literal(1),
  /** Names it; whoever has it in force already does nothing. */
  revision: z.uuid(),
  config: z.record(z.string().max(64), z.union([z.string().max(64), z.number(), z.boolean()])),
  /** So long after it was applied the gateway keeps it, where it is well then, or goes back. */
  trialS: z.int().min(60).max(3600),
});
export type ConfigOrder = z.infer<typeof ConfigOrder>;

/** up/config, retained: what the gateway runs by. */
export const ConfigReport = z.object({
  v: z.literal(1),
  /** In force; null: nothing from afar. */
  revision: z.uuid().nullable(),
  /** trying: it is not certain yet that it stays. */
  state: z.enum(["kept", "trying"]),
  /** Values in force, from afar or from the file. */
  config: z.record(z.string().max(64), z.union([z.string().max(64), z.number(), z.boolean()])),
  /** The newest order that did not stay. */
  failed: z
    .object({ revision: z.uuid(), how: z.enum(["reverted", "refused"]), code: z.string().max(64), message: z.string().max(500) })
    .nullable(),
  /** Of the gateway's program. */
  version: z.string().max(64).optional(),
  at: Instant,
});
export type ConfigReport = z.infer<typeof ConfigReport>;
