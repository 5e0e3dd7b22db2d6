import { resolve } from "node:path";
import { z } from "zod";
import type { LogPublishing } from "./log-publisher.ts";

const Mirror = z.url({ protocol: /^https?$/, error: "an http:// or https:// address" });

/** What a party publishes of each epoch: the section `settlement.log` of its YAML file. */
export const LogYaml = z.strictObject({
  in: z.enum(["file", "blobs", "inline", "nowhere"]).default("file"),
  form: z.enum(["digests", "records"]).default("digests"),
  folder: z.string().default("log"),
  mirrors: z.array(Mirror).max(8).default([]),
});
export type LogYaml = z.infer<typeof LogYaml>;

/** When a block counts as one that cannot be undone: as the chain says, or so many blocks above it. */
export const FinalAfter = z.union([z.literal("finalized"), z.int().min(0).max(10_000)]);

/** @param home the state folder, in which the data lies */
export function publishingFromYaml(yaml: LogYaml, home: string): LogPublishing {
  return { ...yaml, folder: resolve(home, yaml.folder), mirrors: yaml.mirrors.map((url) => url.replace(/\/+$/, "")) };
}
