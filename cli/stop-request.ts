/**
 * Aborts when this process is asked to stop: SIGTERM, SIGINT, SIGHUP (its terminal is gone) or, where SMART_MLA_PARENT=stdin, the end of standard input,
 * which is how a child learns that its parent was killed. The reason is a string.
 */
export function stopRequest(): AbortSignal {
  const asked = new AbortController();
  const ask = (why: string) => (): void => asked.abort(why);
  // More than once: an impatient second Ctrl-C must not end it before it has tidied up.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, ask(signal));
  if (process.env["SMART_MLA_PARENT"] === "stdin") {
    process.stdin.resume().once("end", ask("parent gone"));
    // An end of input alone must not keep a finished process alive.
    if ("unref" in process.stdin && typeof process.stdin.unref === "function") process.stdin.unref();
  }
  return asked.signal;
}
