import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";

const [analyze, sysusers] = [peer("systemd-analyze"), peer("systemd-sysusers")];
const folder = join(import.meta.dirname, "../../systemd");
const unit = readFileSync(join(folder, "smart-mla-agent.service"), "utf8");
const values = (key: string): string[] => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value ?? "");

/** A copy whose programs exist on this machine, with the drop-in for settlement beside it. */
function copy(file = "smart-mla-agent.service"): string {
  const to = scratch("systemd");
  cpSync(folder, to, { recursive: true });
  for (const service of ["smart-mla-agent.service", "smart-mla-renew.service"]) {
    const text = readFileSync(join(folder, service), "utf8");
    writeFileSync(join(to, service), text.replaceAll("/usr/lib/smart-mla/bin/smart-mla", process.execPath));
  }
  return join(to, file);
}

describe("smart-mla-agent.service", () => {
  it("waits for readiness, is watched, and comes back after every end", () => {
    expect([values("Type"), values("Restart"), values("NotifyAccess"), values("KillMode")]).toEqual([
      ["notify"],
      ["always"],
      ["all"],
      ["mixed"],
    ]);
    expect(Number(values("WatchdogSec")[0])).toBeGreaterThan(0);
    expect(Number(values("TimeoutStopSec")[0])).toBeGreaterThan(10);
    expect(values("StartLimitIntervalSec")).toEqual(["0"]);
  });

  it("puts relays into their safe state after every end, by the same configuration", () => {
    const [start = "", after = ""] = [values("ExecStart")[0], values("ExecStopPost")[0]];
    expect(start).toBe("/usr/lib/smart-mla/bin/smart-mla agent run -c /etc/smart-mla/agent.yaml");
    expect(after).toBe(start.replace("agent run", "relay failsafe"));
  });

  it("reaches serial lines and GPIO, and no other device", () => {
    expect(values("DevicePolicy")).toEqual(["closed"]);
    expect(values("DeviceAllow")).toEqual(expect.arrayContaining(["char-ttyUSB rw", "char-ttyACM rw", "char-gpiochip rw"]));
    expect(values("SupplementaryGroups")).toEqual(["dialout"]);
  });

  it.skipIf(!analyze)("is a unit without mistakes, its drop-in included (systemd-analyze verify)", () => {
    const { status, stdout, stderr } = spawnSync(analyze ?? "", ["verify", "--man=no", copy()], { encoding: "utf8" });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });

  it.skipIf(!analyze)("exposes at most 1.5 of 10 (systemd-analyze security)", () => {
    const report = execFileSync(analyze ?? "", ["security", "--offline=yes", "--no-pager", copy()], { encoding: "utf8" });
    const [, level] = /Overall exposure level for smart-mla-agent\.service: (\d+\.\d)/.exec(report) ?? [];
    expect(Number(level)).toBeLessThanOrEqual(1.5);
  });

  it.skipIf(!sysusers)("gets its user, who may open serial lines (systemd-sysusers)", () => {
    const root = scratch("sysusers");
    mkdirSync(join(root, "etc"));
    execFileSync(sysusers ?? "", [`--root=${root}`, join(folder, "smart-mla.sysusers")], { stdio: "pipe" });
    const read = (name: string): string => readFileSync(join(root, "etc", name), "utf8");
    expect(read("passwd")).toMatch(/^smart-mla:[^:]*:\d+:\d+:[^:]*:\/var\/lib\/smart-mla:.*nologin$/m);
    expect(read("group")).toMatch(/^dialout:[^:]*:\d+:smart-mla$/m);
  });
});

describe("smart-mla-renew", () => {
  it.skipIf(!analyze).each(["smart-mla-renew.service", "smart-mla-renew.timer"])("%s is a unit without mistakes", (name) => {
    const { status, stdout, stderr } = spawnSync(analyze ?? "", ["verify", "--man=no", copy(name)], { encoding: "utf8" });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });

  it("renews by the agent's own configuration, as its own user, where the gateway was enrolled", () => {
    const text = readFileSync(join(folder, "smart-mla-renew.service"), "utf8");
    expect(text).toContain("ExecStart=/usr/lib/smart-mla/bin/smart-mla enrol --renew -c /etc/smart-mla/agent.yaml\n");
    expect(text).toContain("ConditionPathExists=/var/lib/smart-mla/agent/enrolment/current\n");
    expect(text).toContain("User=smart-mla\n");
  });
});
