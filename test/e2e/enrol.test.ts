import { X509Certificate } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startAgent } from "../../agent/main.ts";
import { openAuthority } from "../../aggregator/enrol/authority.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { writeGateway } from "../cli/gateway-files.ts";
import { enrollingAggregator } from "../fake/enrolling-aggregator.ts";
import { type Mosquitto, startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];

describe.skipIf(!mosquitto || !openssl)("a gateway that enrols at a real broker and aggregator", { timeout: 60_000 }, () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto(
      { mosquitto: mosquitto ?? "", openssl: openssl ?? "" },
      {
        crl: ({ caFile, caKeyFile }) => openAuthority({ certFile: caFile, keyFile: caKeyFile }).crl([], Date.now()),
      },
    );
  });
  afterAll(() => broker.stop());

  const aggregatorFor = (site: string) =>
    enrollingAggregator({
      authority: broker.authority,
      sites: [site],
      broker: { url: broker.url, certificate: broker.certificateOf("aggregator") },
      enrolment: { crl_file: broker.crlFile },
    });
  const gateway = () => {
    const folder = scratch("gateway");
    const config = writeGateway(folder, { aggregator: { enrolled: true } });
    const ask = (...args: string[]) => runCli([...args, "-c", config]);
    const start = async () => {
      const agent = await startAgent({
        config: readAgentConfig(config),
        clock: realClock({ onError: () => undefined }),
        log: silentLog(),
      });
      let stopped = false;
      const stop = async (): Promise<void> => {
        if (!stopped) await agent.stop();
        stopped = true;
      };
      onTestFinished(stop);
      return { ...agent, stop };
    };
    return { folder, config, ask, start, state: join(folder, "state") };
  };

  it("needs only the code: the agent then connects with its own certificate and believes the aggregator", async () => {
    const aggregator = await aggregatorFor("gw-en-1");
    const home = gateway();
    const code = await aggregator.codeFor("gw-en-1");
    const { code: exit, out, err } = await home.ask("enrol", code);
    expect([exit, err]).toEqual([0, ""]);
    expect(out).toMatch(/^gw-en-1: enrolled with community, certificate good until /);
    const at = join(home.state, "enrolment", "current");
    const certificate = new X509Certificate(readFileSync(join(at, "client.crt")));
    expect(certificate.subject).toBe("CN=gw-en-1");
    expect(readFileSync(join(at, "client.key"), "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    for (const file of ["client.key", "client.crt", "ca.crt", "enrolment.json"])
      expect(statSync(join(at, file)).mode & 0o777).toBe(0o600);
    const agent = await home.start();
    await until("the aggregator is heard and believed", () => agent.status().heartbeatAgeS !== null);
    expect(agent.status()).toMatchObject({ aggregator: "community", connected: true });
  });

  it("takes a renewed certificate at its next connection, and a revoked one not at all", async () => {
    const aggregator = await aggregatorFor("gw-en-2");
    const home = gateway();
    await home.ask("enrol", await aggregator.codeFor("gw-en-2"));
    const certificate = () => new X509Certificate(readFileSync(join(home.state, "enrolment", "current", "client.crt")));
    const first = certificate().serialNumber;
    const agent = await home.start();
    await until("it is connected", () => agent.status().connected);
    expect((await home.ask("enrol", "--renew", "--json")).out).toContain('"renewed":false');
    expect(certificate().serialNumber).toBe(first);
    expect((await home.ask("enrol", "--renew", "--now")).out).toMatch(/^gw-en-2: renewed, certificate good until /);
    expect(certificate().serialNumber).not.toBe(first);
    // Only the new one gets in any more.
    const authority = openAuthority({ certFile: broker.authority.caFile, keyFile: broker.authority.caKeyFile });
    writeFileSync(broker.crlFile, await authority.crl([{ serial: first, revokedMs: Date.now() }], Date.now()));
    const connections = (): number => broker.log().split(" as gw-en-2 ").length - 1;
    const before = connections();
    await broker.restart();
    await until("it came back", () => connections() > before && agent.status().connected, 20_000);
    await agent.stop();

    const revoked = await runCli(["aggregator", "revoke", "gw-en-2", "-c", aggregator.configFile]);
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining("gw-en-2: 2 certificates revoked") as string });
    await broker.restart();
    expect(await home.ask("enrol", "--renew", "--now")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^enrol-revoked: /) as string,
    });
    const back = await home.start();
    const refusals = (): number => broker.log().split("certificate verify failed").length;
    const count = refusals();
    await until("the broker refused it", () => refusals() > count, 20_000);
    expect(back.status().connected).toBe(false);
    await back.stop();

    expect((await home.ask("enrol", await aggregator.codeFor("gw-en-2"))).code).toBe(0);
    const again = await home.start();
    await until("a new code lets it in again", () => again.status().connected);
  });
});
