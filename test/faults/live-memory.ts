import { setTimeout as delay } from "node:timers/promises";

/**
 * What a Node process that runs with `--inspect=127.0.0.1:0` still holds after a collection, in MiB: its heap and what that
 * keeps outside. Resident memory would tell the collector's habits too, some MiB up or down.
 * @param log what it has written to stderr; the address of its inspector stands there
 * @returns the least of three looks, as a message may be on its way
 */
export async function liveMiB(log: string): Promise<number> {
  const [, url] = /Debugger listening on (ws:\S+)/.exec(log) ?? [];
  if (url === undefined) throw new Error("this process has no inspector: start it with --inspect=127.0.0.1:0");
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`no answer from the inspector at ${url}`)));
  });
  let id = 0;
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const asked = ++id;
      socket.addEventListener("message", function hear({ data }) {
        const answer = JSON.parse(String(data)) as { id?: number; error?: { message: string }; result?: unknown };
        if (answer.id !== asked) return;
        socket.removeEventListener("message", hear);
        if (answer.error) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
      });
      socket.send(JSON.stringify({ id: asked, method, params }));
    });
  const looks: number[] = [];
  for (let look = 0; look < 3; look++) {
    await delay(200);
    await ask("HeapProfiler.collectGarbage");
    const expression = "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";
    const { result } = (await ask("Runtime.evaluate", { expression })) as { result: { value: number } };
    looks.push(result.value / 1024 / 1024);
  }
  socket.close();
  return Math.min(...looks);
}
