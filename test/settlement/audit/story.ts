import type { AuditCause } from "../../../settlement/audit/journal.ts";
import { midnightS } from "../fixture.ts";
import type { AuditWorld } from "./world.ts";

/** A story on a fresh chain: what happened, and how it is audited. */
export type Story = (world: AuditWorld) => Promise<Parameters<AuditWorld["audit"]>[0] | void>;

/** What somebody does, and what an audit has to say of it. */
export type Lie = [what: string, cause: AuditCause, verdict: "bad" | "unknown" | "note", story: Story];

/** When the records of the day are logged, unix seconds. */
export const nextDay = midnightS + 86_400 + 600;
