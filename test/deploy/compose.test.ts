import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { crossCheck } from "../../aggregator/config/cross-check.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";

const folder = join(import.meta.dirname, "../../deploy/compose");
/** What of a compose file is used here. */
const Service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
  deploy: z.object({ replicas: z.int() }).optional(),
});
const Compose = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), Service),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })).default({}),
  volumes: z.record(z.string(), z.strictObject({})),
});
/** Files that the operator makes. */
const own = ["tls", "keys", "prices.json"];

const read = (form: string) => Compose.parse(parse(readFileSync(join(folder, `${form}.yaml`), "utf8"), { merge: true }));
const mountsOf = ({ volumes }: z.infer<typeof Service>) =>
  volumes.map((text) => {
    const [from = "", to = ""] = text.split(":");
    return { from, to };
  });

it.each(["pilot", "grown"])("%s.yaml mounts what is there or named, and starts what exists", (form) => {
  const { services, volumes, secrets } = read(form);
  for (const service of Object.values(services)) {
    for (const { from } of mountsOf(service)) {
      if (!from.startsWith(".")) expect(volumes).toHaveProperty([from]);
      else if (!own.some((name) => normalize(from).startsWith(name)))
        expect([from, existsSync(join(folder, from))]).toEqual([from, true]);
    }
    for (const secret of service.secrets) expect(secrets).toHaveProperty([secret]);
    const needed = service.depends_on ?? [];
    for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) expect(services).toHaveProperty([name]);
  }
});

it.each(["pilot", "grown"])("%s.yaml gives its aggregator a good configuration, whose files are mounted", (form) => {
  const { services, secrets } = read(form);
  const yaml = AggregatorYaml.parse(parse(readFileSync(join(folder, `${form}-aggregator.yaml`), "utf8")));
  expect(crossCheck(yaml)).toEqual([]);
  const config = aggregatorConfigFromYaml(yaml, "/etc/smart-mla");
  const aggregator = services["aggregator"] ?? expect.fail("no aggregator");
  const places = [...mountsOf(aggregator).map(({ to }) => to), ...Object.keys(secrets).map((name) => `/run/secrets/${name}`)];
  const { caFile, certFile, keyFile, url } = config.broker;
  const files = [caFile, certFile, keyFile, config.controlKeyFile, config.pricesFile, config.stateFolder];
  if (config.database.engine === "postgres") files.push(config.database.passwordFile);
  for (const file of files) expect([file, places.some((place) => file?.startsWith(place))]).toEqual([file, true]);
  expect(services).toHaveProperty([new URL(url).hostname]);
  if (config.database.engine === "postgres") expect(services).toHaveProperty([new URL(config.database.url).hostname]);
  expect(aggregator.command).toEqual(["aggregator", "run", "-c", "/etc/smart-mla/aggregator.yaml"]);
});

it("grown.yaml has three workers with the files of the aggregator, and mosquitto.conf finds what it names", () => {
  const { services } = read("grown");
  const { aggregator, worker, broker } = services;
  expect([worker?.deploy?.replicas, worker?.command?.slice(0, 2)]).toEqual([3, ["aggregator", "worker"]]);
  expect([worker?.volumes, worker?.secrets]).toEqual([aggregator?.volumes, aggregator?.secrets]);
  const config = readFileSync(join(folder, "../mosquitto/smart-mla.conf"), "utf8");
  const named = [...config.matchAll(/^(?:cafile|certfile|keyfile|acl_file) (\S+)$/gm)].map(([, file]) => file ?? "");
  expect(named.toSorted()).toEqual(
    mountsOf(broker ?? expect.fail("no broker"))
      .map(({ to }) => to)
      .filter((to) => named.includes(to))
      .toSorted(),
  );
});

it.each([".gitignore", ".dockerignore"])("%s keeps what the operator puts beside the forms out", (file) => {
  const lines = readFileSync(join(folder, "../..", file), "utf8").split("\n");
  const kept = lines.map((line) => line.replaceAll(/^\/|\/$/g, ""));
  for (const name of own) expect(kept).toContain(`deploy/compose/${name}`);
});
