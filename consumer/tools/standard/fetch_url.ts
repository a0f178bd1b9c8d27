import { Type } from "@sinclair/typebox";
import { defineTool, toolError, toolResult } from "../define.ts";
import { decodeText } from "./charset.ts";

export const fetchUrl = defineTool({
  name: "fetch_url",
  description:
    "Sends one HTTP request through the task's egress policy. The policy adds credentials on the way: never send " +
    "any. Redirects are followed if the policy permits each hop.",
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
    const headerLines = response.headers
      .filter(([name]) => shownHeaders.has(name.toLowerCase()))
      .map(([name, value]) => `${name}: ${value}`);
    const type =
      response.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
    const bodyText = decodeText(response.body, type);
    const text = [
      `HTTP ${response.status} ${response.statusText}`.trim(),
      ...headerLines,
      "",
      bodyText.problem ?? bodyText.text,
    ].join("\n");
    return response.status < 400 && bodyText.problem === null ? toolResult(text) : toolError(text);
  },
});

/** The headers that a model can act on; others would only cost tokens. */
const shownHeaders = new Set([
  "content-type",
  "location",
  "retry-after",
  "etag",
  "last-modified",
  "link",
]);
