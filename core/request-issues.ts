import type { z } from "zod";

/** What is wrong with the parameters of a request, in one line for whoever asked. */
export function requestIssues(error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => {
    const why = message.endsWith("received undefined") ? "missing" : message.replace("Invalid input: ", "");
    return path.length === 0 ? why : `${path.join(".")}: ${why}`;
  });
  return `${issues.join("; ")} (what is expected stands in /openapi.json)`;
}
