import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { writeGateway } from "../cli/gateway-files.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";

const checkout = join(import.meta.dirname, "../..");
/** As on a gateway: no Node and no npm of this checkout on the path. */
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NODE_PATH: "", NODE_OPTIONS: "" };

vi.setConfig({ testTimeout: 60_000 });

beforeAll(() => {
  if (!existsSync(join(checkout, "dist", "main.js")))
    execFileSync("npm", ["run", "--silent", "build"], { cwd: checkout, stdio: "inherit" });
});

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

it("lays a gateway out below a folder, touches nothing that is configured, and can be run again", () => {
  const root = scratch("gateway");
  const install = (): string =>
    execFileSync("bash", ["deploy/install-gateway.sh"], {
      cwd: checkout,
      env: { ...process.env, DESTDIR: root },
      encoding: "utf8",
    });
  expect(install()).toMatch(new RegExp(`^laid out below ${root}$`, "m"));
  const at = (path: string): string => join(root, path);
  expect(readlinkSync(at("usr/bin/smart-mla"))).toBe("/usr/lib/smart-mla/bin/smart-mla");
  expect(readFileSync(at("usr/lib/smart-mla/bin/smart-mla"), "utf8")).toMatch(
    /^#!\/bin\/sh\nexport MALLOC_ARENA_MAX=1\nexec \/usr\/lib\/smart-mla\/bin\/node (--\S+ )*\/usr\/lib\/smart-mla\/app\/dist\/main\.js "\$@"\n$/,
  );
  expect([
    mode(at("etc/smart-mla")),
    mode(at("etc/smart-mla/agent.example.yaml")),
    mode(at("usr/lib/smart-mla/bin/smart-mla")),
  ]).toEqual(["750", "640", "755"]);
  for (const [laid, from] of [
    ["usr/lib/systemd/system/smart-mla-agent.service", "systemd/smart-mla-agent.service"],
    ["usr/lib/sysusers.d/smart-mla.conf", "systemd/smart-mla.sysusers"],
    ["etc/smart-mla/agent.example.yaml", "deploy/agent.example.yaml"],
  ] as const)
    expect(readFileSync(at(laid), "utf8")).toBe(readFileSync(join(checkout, from), "utf8"));
  expect(existsSync(at("etc/smart-mla/agent.yaml"))).toBe(false);
  const dropIn = at("usr/lib/systemd/system/smart-mla-agent.service.d/settlement.conf");
  expect(existsSync(dropIn)).toBe(false);

  writeFileSync(at("etc/smart-mla/agent.yaml"), "mine");
  writeFileSync(at("etc/smart-mla/settlement-passphrase"), "secret", { mode: 0o644 });
  install();
  expect(readFileSync(at("etc/smart-mla/agent.yaml"), "utf8")).toBe("mine");
  expect([mode(at("etc/smart-mla/settlement-passphrase")), existsSync(dropIn)]).toEqual(["600", true]);
});

it("stages a command that runs by itself, with its own Node and only the packages it needs", async () => {
  const folder = join(scratch("staged"), "smart-mla");
  execFileSync(process.execPath, ["deploy/stage.ts", folder], { cwd: checkout });
  const packages = readdirSync(join(folder, "app", "node_modules"));
  expect(packages).toEqual(expect.arrayContaining(["better-sqlite3", "@serialport"]));
  for (const left of ["ethers", "typescript", "@foundry-rs", "aedes"]) expect(packages).not.toContain(left);
  const command = [join(folder, "bin", "smart-mla")];
  const work = scratch("staged-work");
  const options = { command, cwd: work, env };
  const check = await runCli(["config", "check", "-c", join(checkout, "deploy", "agent.example.yaml")], options);
  expect(check).toMatchObject({ code: 0, out: expect.stringMatching(/^good: Elm Street 12/) });
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string };
  expect(await runCli(["--version"], options)).toEqual({ code: 0, out: version, err: "" });
  mkdirSync(join(work, "gateway"));
  const config = writeGateway(join(work, "gateway"));
  const agent = startCli(["agent", "run", "-c", config], options);
  onTestFinished(() => void agent.child.kill("SIGKILL"));
  await until("the staged agent is ready", () => agent.lines.length > 0, 20_000);
  const status = await runCli(["status", "-c", config, "--json"], options);
  expect(status).toMatchObject({ code: 0, out: expect.stringContaining('"site":"Alder Yard 7"') });
  // Exec'd by the shell script: the signal reaches the agent itself.
  agent.child.kill("SIGTERM");
  expect((await agent.ended).code).toBe(0);
});

it("says how it is used where there is nothing to stage", async () => {
  const stage = join(checkout, "deploy", "stage.ts");
  expect(await runCli([], { command: [process.execPath, stage], cwd: checkout })).toMatchObject({
    code: 2,
    err: expect.stringContaining("usage: "),
  });
  expect((await runCli(["x"], { command: [process.execPath, stage], cwd: scratch("empty") })).code).toBe(2);
});
