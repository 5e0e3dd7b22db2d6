import { X509Certificate } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AgentConfig } from "../../agent/config/agent-config.ts";
import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import type { Finding } from "./finding.ts";

const dayMs = 86_400_000;
const soonDays = 30;

/** Whether an enrolment that the configuration counts on is there. */
export function checkEnrolment({
  awaitsEnrolment,
  stateFolder,
}: Pick<AgentConfig, "awaitsEnrolment" | "stateFolder">): Finding[] {
  if (!awaitsEnrolment) return [];
  const seen = `none, or none that can be read, in ${join(stateFolder, "enrolment")}`;
  const fix = "get a code from the operator and run smart-mla enrol CODE; until then the house runs by itself";
  return [{ check: "enrolment", verdict: "bad", seen, fix }];
}

/** Modes of secret files, and how long certificates last. */
export function checkFiles({ aggregator, gridOperator, settlement, meters, prices }: AgentConfig, nowMs: number): Finding[] {
  const secrets = [
    [settlement?.keyFile, "settlement key"],
    [settlement?.passphraseFile, "settlement passphrase"],
    ...[aggregator, gridOperator?.link].flatMap((link) => [
      [link?.keyFile, "tls key"] as const,
      [link?.passwordFile, "broker password"] as const,
    ]),
    ...(prices && "token_file" in prices.provider && !isCredential(prices.provider.token_file)
      ? [[prices.provider.token_file, "price service token"] as const]
      : []),
    ...meters.flatMap((meter) =>
      Object.entries(meter).flatMap(([option, file]) =>
        option.endsWith("_key_file") && typeof file === "string" ? [[file, `${option} of ${meter.name}`] as const] : [],
      ),
    ),
  ] as const;
  const certificates = [aggregator, gridOperator?.link].flatMap((link) => [
    [link?.certFile, "tls client certificate"] as const,
    [link?.caFile, "tls authority"] as const,
  ]);
  return [
    ...secrets.flatMap(([file, check]) => (file === undefined ? [] : [secret(check, file)])),
    ...certificates.flatMap(([file, check]) => (file === undefined ? [] : [certificate(check, file, nowMs)])),
    ...(settlement ? [agreement(settlement.agreementFile)] : []),
  ];
}

function secret(check: string, file: string): Finding {
  if (!existsSync(file))
    return { check, verdict: "bad", seen: `${file} is not there`, fix: "make or restore it; see the configuration" };
  const mode = statSync(file).mode & 0o777;
  const seen = `${file} has mode ${mode.toString(8).padStart(4, "0")}`;
  if ((mode & 0o077) === 0) return { check, verdict: "good", seen };
  return { check, verdict: "bad", seen: `${seen}, others may read it`, fix: `chmod 600 ${file}` };
}

function agreement(file: string): Finding {
  const check = "settlement agreement";
  if (existsSync(file)) return { check, verdict: "good", seen: file };
  const fix = "put the agreement that both have signed there; nothing is signed without it";
  return { check, verdict: "bad", seen: `${file} is not there`, fix };
}

function certificate(check: string, file: string, nowMs: number): Finding {
  const { validToDate, subject } = new X509Certificate(readFileSync(file));
  const days = Math.floor((validToDate.getTime() - nowMs) / dayMs);
  const seen = `${subject.replaceAll("\n", ", ")} until ${validToDate.toISOString().slice(0, 10)} (${days} days), ${file}`;
  if (days >= soonDays) return { check, verdict: "good", seen };
  return { check, verdict: days < 0 ? "bad" : "warning", seen, fix: "renew it with your aggregator before it ends" };
}

/** Whether the serial ports of the configuration are there and may be used. */
export function checkSerial({ buses }: Pick<AgentConfig, "buses">): Finding[] {
  return [...buses].flatMap(([name, bus]): Finding[] => {
    if (bus.type !== "serial") return [];
    const check = `serial port of ${name}`;
    if (!existsSync(bus.port))
      return [
        { check, verdict: "bad", seen: `${bus.port} is not there`, fix: "plug it in; ls -l /dev/serial/by-id shows what is" },
      ];
    try {
      accessSync(bus.port, constants.R_OK | constants.W_OK);
      return [{ check, verdict: "good", seen: bus.port }];
    } catch {
      const fix =
        "add the agent's user to the group of the port (dialout), and DeviceAllow= to its unit where it is no ttyUSB, ttyACM, ttyAMA or ttyS";
      return [{ check, verdict: "bad", seen: `${bus.port} may not be read and written by this user`, fix }];
    }
  });
}
