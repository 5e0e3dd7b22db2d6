import { Worker } from "node:worker_threads";
import type { Coordination } from "../../planner/community/passes.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { Answer, Ask } from "../../planner/community/party.ts";
import type { Done, Work } from "./home-worker.ts";

/** Homes that answer in threads of their own: home i in thread i modulo their number. */
export class HomeThreads implements AsyncDisposable {
  readonly #workers: Worker[];
  readonly #homes: number;

  private constructor(workers: Worker[], homes: number) {
    this.#workers = workers;
    this.#homes = homes;
  }

  /** Starts threads and waits until each has its homes. */
  static async start(homes: number, threads: number): Promise<HomeThreads> {
    const script = new URL("home-worker.ts", import.meta.url);
    const workers = Array.from(
      { length: threads },
      (_, first) => new Worker(script, { workerData: { first, every: threads, homes } }),
    );
    await Promise.all(workers.map((worker) => message(worker)));
    return new HomeThreads(workers, homes);
  }

  /** Takes a coordination through, each batch answered by all threads at once. */
  async coordinate<Result>(steps: Coordination<HomePlan, Result>): Promise<Result> {
    let next = steps.next();
    while (!next.done) next = steps.next(await this.#answers(next.value.parties, next.value.asks));
    return next.value;
  }

  /** A figure, or a net, of each home, by its number. */
  async each<Value>(
    work: (parties: number[]) => Work,
    of: (done: Done) => Value[] | undefined,
    isMeant: (party: number) => boolean = () => true,
  ): Promise<Value[]> {
    const values: Value[] = [];
    await Promise.all(
      this.#workers.map(async (worker, thread) => {
        const parties = this.#partiesOf(thread, Array.from({ length: this.#homes }, (_, index) => index).filter(isMeant));
        const found = of(await this.#ask(worker, work(parties))) ?? [];
        for (const [index, party] of parties.entries()) values[party] = found[index] as Value;
      }),
    );
    return values;
  }

  /** What all threads hold for their homes, bytes. */
  async heldBytes(): Promise<number> {
    const done = await Promise.all(this.#workers.map((worker) => this.#ask(worker, { kind: "held", parties: [] })));
    return done.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #answers(parties: readonly number[], asks: readonly Ask<HomePlan>[]): Promise<Answer<HomePlan>[]> {
    const answers: Answer<HomePlan>[] = [];
    await Promise.all(
      this.#workers.map(async (worker, thread) => {
        const own = this.#partiesOf(thread, parties);
        if (own.length === 0) return;
        const places = own.map((party) => parties.indexOf(party));
        const work: Work = { kind: "answer", parties: own, asks: places.map((at) => asks[at] as Ask<HomePlan>) };
        const done = await this.#ask(worker, work);
        for (const [index, at] of places.entries()) answers[at] = done.answers?.[index] as Answer<HomePlan>;
      }),
    );
    return answers;
  }

  #partiesOf(thread: number, parties: readonly number[]): number[] {
    return parties.filter((party) => party % this.#workers.length === thread);
  }

  async #ask(worker: Worker, work: Work): Promise<Done> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(work);
    return await message(worker);
  }
}

function message(worker: Worker): Promise<Done> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      worker.off("message", heard);
      worker.off("error", failed);
      act();
    };
    const heard = (done: Done): void => end(() => resolve(done));
    const failed = (error: Error): void => end(() => reject(error));
    worker.on("message", heard);
    worker.on("error", failed);
  });
}
