import { Type } from "@sinclair/typebox";
import { defineTool, done, refused } from "../define.ts";
import { open } from "./page.ts";

export const browse = defineTool({
  name: "browse",
  description:
    "Opens a web page in a browser, runs its scripts, and answers it as Markdown. For pages that fetch_url " +
    "shows empty; slower than fetch_url. The task's egress policy must permit the URL.",
  input: Type.Object(
    { url: Type.String({ minLength: 1, description: "an absolute https URL" }) },
    { additionalProperties: false },
  ),
  effect: "read",
  bindings: ["BROWSER"],
  async run({ url }, context) {
    const { BROWSER } = context.bindings;
    const page = await open(url, context, (options) => BROWSER.quickAction("markdown", options));
    if (!page.ok) return refused(page.fault);
    return done(typeof page.result === "string" ? page.result : "The page is empty.");
  },
});
