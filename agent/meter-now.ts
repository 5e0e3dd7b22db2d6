import { z } from "zod";
import { AppError } from "../core/app-error.ts";
import { MeterRole } from "../core/message/measurements.ts";
import { Reading } from "../core/reading.ts";
import type { Collector } from "./collect/collector.ts";
import type { AgentConfig } from "./config/agent-config.ts";

/** The newest believed reading of one meter; nothing before the first. */
export const MeterNow = z.object({
  name: z.string(),
  role: MeterRole,
  ageMs: z.int().nonnegative().nullable(),
  reading: Reading.nullable(),
});
export type MeterNow = z.infer<typeof MeterNow>;

/** @throws AppError usage-unknown-meter */
export function meterNow(name: string, meters: AgentConfig["meters"], collector: Pick<Collector, "latest">): MeterNow {
  const meter = meters.find((one) => one.name === name);
  if (!meter)
    throw new AppError("usage-unknown-meter", `no meter "${name}"; there are: ${meters.map((one) => one.name).join(", ")}`);
  const latest = collector.latest(name);
  return { name, role: meter.role, ageMs: latest ? Math.round(latest.ageMs) : null, reading: latest?.reading ?? null };
}
