/** What HTTP libraries refuse of a body by themselves, by their status, in words for whoever has sent it. */
export const bodyRefusals: ReadonlyMap<unknown, string> = new Map([
  [400, "the body is no JSON"],
  [415, 'expected a body of JSON, and the header "content-type: application/json"'],
]);
