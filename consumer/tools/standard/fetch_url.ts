import { Type } from "@sinclair/typebox";
import { defineTool, done, refused } from "../define.ts";

export const fetchUrl = defineTool({
  name: "fetch_url",
  description:
    "Sends one HTTP request through the task's egress policy. Credentials are added on the way where the " +
    "policy says so: never send any. Redirects are followed, each hop by the policy.",
  input: Type.Object(
    {
      url: Type.String({ minLength: 1, description: "an absolute URL" }),
      method: Type.Optional(Type.String({ description: "GET when left out" })),
      headers: Type.Optional(Type.Record(Type.String(), Type.String())),
      body: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  async run({ url, method = "GET", headers = {}, body }, context) {
    const response = await context.fetch({
      url,
      method,
      headers: Object.entries(headers),
      body: body === undefined ? null : new TextEncoder().encode(body),
    });
    const shown = response.headers
      .filter(([name]) => shownHeaders.has(name.toLowerCase()))
      .map(([name, value]) => `${name}: ${value}`);
    const text = new TextDecoder().decode(response.body);
    const answer = [
      `HTTP ${response.status} ${response.statusText}`.trim(),
      ...shown,
      "",
      text,
    ].join("\n");
    return response.status < 400 ? done(answer) : refused(answer);
  },
});

/** The headers a model can act on; the rest is noise that it would pay tokens for. */
const shownHeaders = new Set([
  "content-type",
  "location",
  "retry-after",
  "etag",
  "last-modified",
  "link",
]);
