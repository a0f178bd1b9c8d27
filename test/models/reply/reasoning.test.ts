import { expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { request } from "../request.ts";

const k3 = (channel: string, text: string) =>
  `<|open|>${channel}<|sep|>${text}<|close|>${channel}<|sep|>`;
const thought = "Is it Monday?";
const answer = "On Monday.";
const muse = (recipient: string, text: string, end: string) =>
  `<|start|>assistant to=${recipient}<|message|>${text}<|${end}|>`;
const museCall =
  '<atem:function_calls>\n<atem:invoke name="read_file">\n<atem:parameter name="path">a</atem:parameter>\n</atem:invoke>\n</atem:function_calls>';

test.each([
  ["MiniMax M3", `<mm:think>${thought}</mm:think>${answer}`],
  ["K2 Horizon", `<ifm|think_fast>${thought}</ifm|think_fast>\n${answer}`],
  [
    "PLaMo 3",
    `<|plamo:begin_think:plamo|>${thought}<|plamo:end_think:plamo|>${answer}<|plamo:tag|>`,
  ],
  ["PLaMo 3 without its opening", `${thought}<|plamo:end_think:plamo|>${answer}<|plamo:tag|>`],
  ["Hunyuan 4", `<think:6124c78e>${thought}</think:6124c78e>${answer}`],
  ["Hunyuan 4 without its opening", `${thought}</think:6124c78e>\n${answer}`],
  ["Kimi K3", `${k3("think", thought)}${k3("response", answer)}<|close|>message<|sep|>`],
  ["Kimi K3 without its opening", `${thought}<|close|>think<|sep|>${k3("response", answer)}`],
  ["Muse", ` to=self<|message|>${thought}<|eom|>${muse("user", answer, "eot")}`],
])("%s splits its reasoning from its answer", (_name, content) => {
  const outcome = normalise(
    { choices: [{ finish_reason: "stop", message: { content } }] },
    request(),
    0,
  );
  expect(outcome).toMatchObject({
    ok: true,
    reply: { text: answer, reasoning: thought, finish: "stop", calls: [] },
  });
});

test.each([
  [
    "Kimi K3",
    `${k3("think", thought)}${k3("response", "I look.")}<|open|>tools<|sep|><|open|>call tool="read_file" index="1"<|sep|><|open|>argument key="path" type="string"<|sep|>a<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|><|close|>message<|sep|>`,
  ],
  [
    "Muse",
    ` to=self<|message|>${thought}<|eom|>${muse("user", "I look.", "eom")}${muse("read_file", museCall, "eot")}`,
  ],
])("%s calls a tool behind its reasoning and its words", (_name, content) => {
  const outcome = normalise(
    { choices: [{ finish_reason: "stop", message: { content } }] },
    request(),
    0,
  );
  expect(outcome).toMatchObject({
    ok: true,
    reply: {
      text: "I look.",
      reasoning: thought,
      calls: [{ name: "read_file", arguments: { path: "a" }, problem: null }],
    },
  });
});

test.each([
  ["half a channel token", "Fine.<|open|>resp"],
  ["a tool of another form", "<tool: function>\nread_file a\n</tool>"],
  ["a channel that never ends", `<|open|>think<|sep|>${thought}`],
])("a reply with %s is not an answer", (_name, content) => {
  const outcome = normalise(
    { choices: [{ finish_reason: "stop", message: { content } }] },
    request(),
    0,
  );
  expect(outcome).toMatchObject({ ok: true, reply: { finish: "unknown" } });
});
