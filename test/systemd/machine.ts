import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { until } from "../fake/until.ts";

/** A really booted systemd in a container. */
export interface Machine {
  /** Runs a command in it; gives what it said on stdout. */
  exec(...words: string[]): Promise<string>;
  /** Properties of a unit, as `systemctl show` gives them. */
  show<Key extends string>(unit: string, ...keys: Key[]): Promise<Record<Key, string>>;
  /** The number that a process of the container has outside. */
  pidOutside(pid: number): number;
  /** kill -9 to all of it at once, as when the power goes. */
  kill(): Promise<void>;
}

/**
 * Prepares the machine's control groups and becomes systemd-nspawn. In a mount namespace of its own, so that nothing outside
 * changes: hosts that mount the old control groups are served too. nspawn and its container need a group that they own.
 */
const bootScript = `set -e
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/$GROUP
echo $$ > /sys/fs/cgroup/$GROUP/cgroup.procs
exec setpriv --pdeathsig KILL systemd-nspawn "$@"`;
/**
 * Ends what is left in this process's group, and in those of runs that were killed themselves: a container outlives nspawn.
 * Groups are removed from the inside out, once no process is in them.
 */
const tidyScript = `set -e
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for group in /sys/fs/cgroup/$PREFIX*; do
  [ -d "$group" ] || continue
  pid=\${group##*-}
  [ "$pid" = "$OWN" ] || [ ! -d "/proc/$pid" ] || continue
  echo 1 > "$group/cgroup.kill"
  while grep -q "populated 1" "$group/cgroup.events"; do sleep 0.05; done
  find "$group" -depth -type d -exec rmdir {} +
done`;
const groupPrefix = "smart-mla-test-";

const run = promisify(execFile);
const bootMs = 60_000;

/**
 * Boots the Debian in a folder. Needs root, Linux with cgroup v2, and systemd-container.
 * @param network path of the network namespace that it joins
 */
export async function bootMachine(folder: string, network: string): Promise<Machine> {
  await tidyGroups();
  const env = { ...process.env, GROUP: `${groupPrefix}${process.pid}` };
  const nspawn = spawn(
    "unshare",
    [
      "-m",
      "sh",
      "-c",
      bootScript,
      "sh",
      "--quiet",
      `--directory=${folder}`,
      `--network-namespace-path=${network}`,
      "--link-journal=no",
      "--console=read-only",
      "--register=no",
      "--keep-unit",
      "--capability=all",
      // Without bpf DeviceAllow= is silently not enforced.
      "--system-call-filter=bpf perf_event_open",
      "--boot",
    ],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [nspawn.stdout, nspawn.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
  const ended = new Promise<void>((resolve) => nspawn.once("exit", () => resolve()));
  let leader = 0;
  const exec = async (...words: string[]): Promise<string> =>
    (await run("nsenter", ["-t", String(leader), "-m", "-u", "-i", "-n", "-p", "-C", ...words])).stdout;
  let killed: Promise<void> | undefined;
  const kill = (): Promise<void> => (killed ??= killOnce());
  const killOnce = async (): Promise<void> => {
    for (const pid of [leader, nspawn.pid ?? 0]) {
      if (!isRunning(nspawn) || pid === 0) continue;
      process.kill(pid, "SIGKILL");
      // nspawn ends by itself once the container has.
      if (pid === leader) await Promise.race([ended, delay(5000)]);
    }
    await ended;
    await tidyGroups();
    removeEmpty(`/run/systemd/nspawn/propagate/${basename(folder)}`);
  };
  try {
    await until(
      "systemd has booted",
      async () => {
        if (!isRunning(nspawn)) throw new Error("systemd-nspawn ended");
        leader = childOf(nspawn.pid ?? 0);
        if (leader === 0) return false;
        // Degraded says only that something else did not start.
        const state = await exec("systemctl", "is-system-running").catch((error: { stdout?: string }) => error.stdout ?? "");
        return ["running", "degraded"].includes(state.trim());
      },
      bootMs,
    );
  } catch (cause) {
    await kill();
    throw new Error(`systemd did not boot in the container; it said:\n${said}`, { cause });
  }
  const namespace = readlinkSync(`/proc/${leader}/ns/pid`);
  return {
    exec,
    async show(unit, ...keys) {
      const text = await exec("systemctl", "show", unit, ...keys.map((key) => `--property=${key}`));
      const lines = text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
      return Object.fromEntries(lines) as Record<(typeof keys)[number], string>;
    },
    pidOutside(pid) {
      for (const name of readdirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        if (pidInside(name, namespace) === pid) return Number(name);
      }
      throw new Error(`no process ${pid} in the container`);
    },
    kill,
  };
}

const tidyGroups = (): Promise<unknown> =>
  run("unshare", ["-m", "sh", "-c", tidyScript], { env: { ...process.env, PREFIX: groupPrefix, OWN: String(process.pid) } });

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Number of a process in a namespace; undefined where it is not in it or has just ended. */
function pidInside(name: string, namespace: string): number | undefined {
  try {
    if (readlinkSync(`/proc/${name}/ns/pid`) !== namespace) return undefined;
    const [, pids = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8")) ?? [];
    return Number(pids.split("\t").at(-1));
  } catch {
    return undefined;
  }
}

/** The container's first process, once nspawn has it: its first child whose name is systemd; 0 before. */
function childOf(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ");
  return Number(children.find((pid) => pid !== "" && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "systemd") ?? 0);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // nspawn has removed it, as it does where /run is in memory.
  }
}
