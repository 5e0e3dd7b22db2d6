import { AgentStatus } from "../../agent/status.ts";
import type { Finding } from "./finding.ts";

const staleS = 60;
const lostS = 180;

/**
 * What a running agent says of itself: meters, appliances, aggregator, and what it refused.
 * @param configured what the configuration names now: meters, and whether there is an aggregator
 */
export function checkAgent(status: AgentStatus, configured: { meters: readonly string[]; aggregator: boolean }): Finding[] {
  return [
    { check: "agent", verdict: "good", seen: `runs, ${status.memoryMiB} MiB` },
    ...configured.meters.map((name) => meterOf(status, name)),
    ...status.appliances.flatMap(applianceOf),
    ...aggregatorOf(status, configured.aggregator),
    ...refusals(status),
  ];
}

function meterOf({ meters }: AgentStatus, name: string): Finding {
  const [check, found] = [`meter ${name}`, meters.find((one) => one.name === name)];
  const fix = `smart-mla rejected --meter ${name} shows what could not be read; smart-mla probe finds the settings of its line`;
  if (!found) return { check, verdict: "bad", seen: "nothing was read since the agent started", fix };
  const seen = `read ${found.ageS} s ago, ${found.quality}`;
  return found.ageS > staleS ? { check, verdict: "warning", seen, fix } : { check, verdict: "good", seen };
}

function applianceOf({ name, alarm, reason }: AgentStatus["appliances"][number]): Finding[] {
  const check = `appliance ${name}`;
  const fix = "look at its wiring and its own settings; smart-mla relay test clicks a relay";
  return [alarm === undefined ? { check, verdict: "good", seen: reason } : { check, verdict: "bad", seen: alarm, fix }];
}

function aggregatorOf(status: AgentStatus, configured: boolean): Finding[] {
  const seen = "configured or enrolled since the agent started, which knows none";
  if (status.aggregator === null)
    return configured ? [{ check: "aggregator", verdict: "warning", seen, fix: "systemctl restart smart-mla-agent" }] : [];
  const { connected, heartbeatAgeS, buffered, appliances } = status;
  const broker: Finding = connected
    ? { check: "broker", verdict: "good", seen: "connected" }
    : {
        check: "broker",
        verdict: "bad",
        seen: "not connected",
        fix: "address, certificate and password in the aggregator section; the agent's log has the broker's answer",
      };
  const heard: Finding =
    heartbeatAgeS !== null && heartbeatAgeS <= lostS
      ? { check: "aggregator", verdict: "good", seen: `heard ${heartbeatAgeS} s ago` }
      : {
          check: "aggregator",
          verdict: "warning",
          seen: heartbeatAgeS === null ? "never heard in this run" : `not heard for ${heartbeatAgeS} s`,
          fix: "the house plans for itself meanwhile; ask the operator, or look whether the pinned control keys are still theirs",
        };
  const ends = appliances.flatMap(({ planUntil }) => (planUntil === null ? [] : [planUntil])).toSorted();
  const schedule: Finding = {
    check: "schedule",
    verdict: "good",
    seen:
      ends.length === 0
        ? "no plan of the aggregator in force"
        : `plans in force until ${ends[0]}${ends.length > 1 ? " and later" : ""}`,
  };
  return [broker, heard, schedule, { check: "buffer", verdict: "good", seen: `${buffered} rows wait for a receipt` }];
}

function refusals({ rejected }: AgentStatus): Finding[] {
  const codes = Object.entries(rejected).map(([code, count]) => `${code} ${count}`);
  return codes.length === 0 ? [] : [{ check: "refused", verdict: "good", seen: codes.join(", ") }];
}
