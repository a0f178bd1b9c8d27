/** What `npm start` says about the endpoint of MODEL_BASE_URL. */
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointLine } from "../../../producer/local/endpoint_line.ts";
import { freePort } from "./fleet.ts";

let answer = { status: 200, type: "application/json", body: "{}" };
const received: (string | undefined)[] = [];
const server = createServer((request, response) => {
  received.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
  response.writeHead(answer.status, { "content-type": answer.type }).end(answer.body);
});
let url = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(() => void server.close());

const json = (status: number, body: unknown) => ({
  ...{ status, type: "application/json" },
  body: JSON.stringify(body),
});
const served = json(200, { data: [{ id: "qwen3:8b" }] });

test.each<[name: string, response: typeof answer, line: RegExp]>([
  ["a served model", served, /^Model endpoint: http:.*\/v1 answers and serves qwen3:8b\.$/],
  [
    "another model",
    json(200, { data: [{ id: "qwen3:8b-fp16" }] }),
    /warning: .*Did you mean "qwen3:8b-fp16"\? Set MODEL\.$/,
  ],
  ["no list", json(404, {}), /^Model endpoint: http:.* does not list its models \(HTTP 404/],
  ["a refused key", json(401, {}), /warning: .*401: set MODEL_API_KEY/],
  [
    "a page",
    { status: 200, type: "text/html", body: "<!doctype html><title>Open WebUI</title>" },
    /warning: .*\/v1\/models answers with an HTML page.*MODEL_BASE_URL/,
  ],
])("an endpoint with %s is described in one line", async (_name, response, line) => {
  answer = response;
  const env = { MODEL: "qwen3:8b", MODEL_BASE_URL: url };
  expect(await endpointLine(env)).toMatch(line);
});

test("the endpoint is called once, with the key, for any form of its address", async () => {
  answer = served;
  received.length = 0;
  const env = { MODEL_BASE_URL: `${url}/v1/chat/completions`, MODEL_API_KEY: "sk-1" };
  expect(await endpointLine(env)).toContain("It serves qwen3:8b.");
  expect(received).toEqual(["GET /v1/models Bearer sk-1"]);
});

test("a line names an endpoint that is down, and there is no line without an endpoint", async () => {
  const down = `http://127.0.0.1:${await freePort()}/v1`;
  const line = await endpointLine({ MODEL: "m", MODEL_BASE_URL: down });
  expect(line).toContain(`warning: nothing answers at ${down} (connection refused)`);
  expect(await endpointLine({ MODEL: "m" })).toBeNull();
});
