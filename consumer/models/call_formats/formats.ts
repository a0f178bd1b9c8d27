import { actionFence } from "./json/action_fence.ts";
import { bareJson, labelledFence } from "./json/json_text.ts";
import { llama } from "./json/llama.ts";
import { mistral } from "./json/mistral.ts";
import { namedKey } from "./json/named_key.ts";
import { taggedJson } from "./json/tagged_json.ts";
import type { CallFormat } from "./leak.ts";
import { pythonic } from "./python/pythonic.ts";
import { taggedPython } from "./python/tagged_python.ts";
import { deepseek } from "./tokens/deepseek.ts";
import { functionary } from "./tokens/functionary.ts";
import { gemma } from "./tokens/gemma.ts";
import { harmony } from "./tokens/harmony.ts";
import { inkling } from "./tokens/inkling.ts";
import { kimi } from "./tokens/kimi.ts";
import { kimiK3 } from "./tokens/kimi_k3.ts";
import { plamo } from "./tokens/plamo.ts";
import { qwenAgent } from "./tokens/qwen_agent.ts";
import { solar } from "./tokens/solar.ts";
import { solarOpen } from "./tokens/solar_open.ts";
import { functionXml } from "./xml/function_xml.ts";
import { glm } from "./xml/glm.ts";
import { invoke } from "./xml/invoke.ts";
import { minimaxM3 } from "./xml/minimax_m3.ts";
import { paramXml } from "./xml/param_xml.ts";

/** Formats with marks come first: if two read the same place, the earlier one wins. */
export const callFormats: readonly CallFormat[] = [
  kimi,
  deepseek,
  harmony,
  llama,
  mistral,
  gemma,
  solar,
  solarOpen,
  kimiK3,
  plamo,
  inkling,
  minimaxM3,
  functionary,
  qwenAgent,
  functionXml,
  glm,
  invoke,
  paramXml,
  taggedJson,
  taggedPython,
  namedKey,
  actionFence,
  labelledFence,
  bareJson,
  pythonic,
];
