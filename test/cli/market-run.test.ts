import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { createControlKey } from "../../core/envelope.ts";
import { certificateAuthority } from "../fake/certificates.ts";
import { peer } from "../fake/peer.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";

const openssl = peer("openssl");

const tlsOf = (cert: string, key: string, ca = "ca.crt") => ({ cert_file: cert, key_file: key, ca_file: ca });

/** A grid operator with one aggregator that is not there. */
async function market(changes: object = {}): Promise<{ config: string; folder: string }> {
  const folder = scratch("market-run");
  const ca = certificateAuthority(openssl ?? "", folder);
  const { certFile, keyFile } = ca.issue("dso.example", ["DNS:dso.example"]);
  const [own, other] = await Promise.all([createControlKey("dso-1"), createControlKey("one-1")]);
  writeFileSync(join(folder, "dso.jwk"), JSON.stringify(own.privateJwk));
  writeFileSync(join(folder, "one.jwk"), JSON.stringify(other.publicJwk));
  const config = join(folder, "market.yaml");
  writeFileSync(
    config,
    stringify({
      domain: "dso.example",
      listen: "127.0.0.1:0",
      tls: { cert_file: certFile, key_file: keyFile, ca_file: ca.caFile },
      key_file: "dso.jwk",
      flexibility: {
        grid: [{ name: "feeder", import_limit_w: 250_000 }],
        participants: { "one.example": { url: "https://127.0.0.1:1", public_key_file: "one.jwk", points: { feeder: {} } } },
        reserve_micro_per_kwh: 500_000,
      },
      storage: { path: "state/data.db" },
      ...changes,
    }),
  );
  return { config, folder };
}

describe.skipIf(!openssl)("smart-mla market run (openssl)", () => {
  it("says when it is up, and ends cleanly when told to", async () => {
    const { config, folder } = await market();
    const running = startCli(["market", "run", "-c", config]);
    onTestFinished(() => void running.child.kill("SIGKILL"));
    await until("it is up", () => running.lines.some((line) => line.includes('"kind":"ready"')), 20_000);
    const ready = JSON.parse(running.lines.find((line) => line.includes('"kind":"ready"')) ?? "{}") as object;
    expect(ready).toMatchObject({ program: "market", domain: "dso.example" });
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
    expect(existsSync(join(folder, "state/data.db"))).toBe(true);
    expect(existsSync(join(folder, "state/data.db-wal"))).toBe(false);
  });

  it.each<[string, object, RegExp]>([
    ["a key of the configuration that is none", { key_file: "none.jwk" }, /market-key-unreadable/],
    ["a certificate that is missing", { tls: { cert_file: "none", key_file: "none", ca_file: "none" } }, /uftp-tls-unreadable/],
    ["a key that only checks signatures", { key_file: "one.jwk" }, /market-key-unreadable: .*one\.jwk holds a public key/],
    [
      "a certificate of somebody else",
      { domain: "other.example" },
      /uftp-tls-bad: .*dso\.example.*expected one for other\.example/,
    ],
    ["a certificate with another key", { tls: tlsOf("ca.crt", "ca-dso.example.key") }, /uftp-tls-bad: .*is not the key of/],
    [
      "a key instead of certificates",
      { tls: tlsOf("ca-dso.example.crt", "ca-dso.example.key", "ca.key") },
      /ca\.key holds no cert/,
    ],
    ["an unknown key", { colour: "red" }, /colour/],
    ["a time zone that is none", { timezone: "Mars" }, /timezone.*IANA/],
  ])("refuses %s with exit 2", async (_, changes, said) => {
    const { config } = await market(changes);
    const { code, err } = await runCli(["market", "run", "-c", config]);
    expect(err).toMatch(said);
    expect(code).toBe(2);
  });
});
