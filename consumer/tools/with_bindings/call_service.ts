import { Type } from "@sinclair/typebox";
import { err, ok } from "../../../shared/result.ts";
import { findServices } from "../../config/services.ts";
import { defineTool, toolError, toolResult } from "../define.ts";

export const callService = defineTool({
  name: "call_service",
  description:
    "Sends one request to a private service of the operator's account, which has no public address. The task's " +
    "egress policy determines which services there are and which requests are permitted.",
  input: Type.Object(
    {
      service: Type.String({
        minLength: 1,
        description: "its name; the error for an unknown one lists them",
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
      ? ok(undefined)
      : err(
          'Add a [[services]] or [[vpc_services]] binding to wrangler.consumer.toml, and a policy rule with "route".',
        ),
  async run({ service, path, method = "GET", json }, { services, fetch }) {
    const serviceName = [...services.keys()].find(
      (name) => name.toLowerCase() === service.toLowerCase(),
    );
    const origin = serviceName === undefined ? undefined : services.get(serviceName);
    if (origin === undefined) {
      const names = [...services.keys()].join(", ");
      return toolError(
        `There is no service "${service}". ${names === "" ? "The policy permits none." : `The services are: ${names}.`}`,
      );
    }
    const url = URL.parse(path, origin);
    if (url === null || url.origin !== origin)
      return toolError("Write a path that starts with a single /.");
    const response = await fetch({
      url: url.href,
      method,
      headers: json === undefined ? [] : [["content-type", "application/json"]],
      body: json === undefined ? null : new TextEncoder().encode(JSON.stringify(json)),
    });
    const text = new TextDecoder().decode(response.body);
    const answerText = `HTTP ${response.status}\n\n${text}`;
    return response.status < 400 ? toolResult(answerText) : toolError(answerText);
  },
});
