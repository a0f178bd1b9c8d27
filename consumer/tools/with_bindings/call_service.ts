import { Type } from "@sinclair/typebox";
import { findServices } from "../../config/services.ts";
import { defineTool, done, refused } from "../define.ts";

export const callService = defineTool({
  name: "call_service",
  description:
    "Sends one request to a service of the operator's own account, which has no public address. The task's " +
    "egress policy says which services there are and what may be asked of them.",
  input: Type.Object(
    {
      service: Type.String({
        minLength: 1,
        description: "its name; an unknown one is told which there are",
      }),
      path: Type.String({ minLength: 1, description: "path and query, such as /v1/stock?sku=1" }),
      method: Type.Optional(Type.String({ description: "GET when left out" })),
      json: Type.Optional(Type.Unknown({ description: "a body, sent as JSON" })),
    },
    { additionalProperties: false },
  ),
  effect: "idempotent",
  requires: (env) =>
    Object.keys(findServices(env)).length > 0
      ? null
      : 'Add a [[services]] or [[vpc_services]] binding to wrangler.consumer.toml, and a policy rule with "route".',
  async run({ service, path, method = "GET", json }, { services, fetch }) {
    const found = [...services.keys()].find((name) => name.toLowerCase() === service.toLowerCase());
    const origin = found === undefined ? undefined : services.get(found);
    if (origin === undefined) {
      const names = [...services.keys()].join(", ");
      return refused(
        `There is no service "${service}". ${names === "" ? "The policy permits none." : `There are: ${names}.`}`,
      );
    }
    const url = URL.parse(path, origin);
    if (url === null || url.origin !== origin)
      return refused("Write a path that begins with one /.");
    const response = await fetch({
      url: url.href,
      method,
      headers: json === undefined ? [] : [["content-type", "application/json"]],
      body: json === undefined ? null : new TextEncoder().encode(JSON.stringify(json)),
    });
    const text = new TextDecoder().decode(response.body);
    const answer = `HTTP ${response.status}\n\n${text}`;
    return response.status < 400 ? done(answer) : refused(answer);
  },
});
