/**
 * Text that bodies of settled tasks have in common. A body is compressed against it, so that a small one does not
 * pay for the names of its own fields. Never change it: stored bodies cannot be read without it. A better
 * dictionary gets the next version.
 */
const version1 = `{"prompt":"","messages":[{"role":"user","content":"","input":{"output_schema":{"type":"object",\
"properties":{"additionalProperties":false,"items":{"type":"array","type":"string","enum":["description":"",\
"type":"boolean"},"type":"number"},"type":"integer"}},"required":["model":"@cf/zai-org/glm-5.2","tools":["run_code",\
"write_file","edit_file","list_files","find_files","grep_files","fetch_url","read_file"],"limits":{"steps":\
"files":{"data.csv":{"text":"","policy":"default","sandbox":"isolate","attempts":3,"labels":{}{"seq":1,"fence":1,\
"name":"run_code","status":"done","started_at":179,"duration_ms":2,"usage":{"steps":1,"model_calls":1,\
"tool_calls":0,"prompt_tokens":100,"cached_tokens":0,"completion_tokens":100,"unpriced_tokens":0,"cost_usd":0.00,\
"seconds":1.0,"egress_requests":0,"egress_bytes":0},"payload":{"kind":"tool","call_id":"call_0","name":"read_file",\
"arguments":{"path":"","code":"console.log("},"text":"","ok":true,"files":{"sha256":"","bytes":1,"source":"blob"}}\
"payload":{"kind":"model","model":"@cf/","offered":"tools","estimate":100,"raw":{"status":200,"retry_after":null,\
"reply":{"text":"","reasoning":"","calls":[{"id":"call_1","provider_id":"call_","name":"final_answer",\
"arguments_text":"{\\"text\\":\\"","arguments":{"text":""},"problem":null}],"finish":"calls","quirks":[]},\
"failure":null,"usage":{"prompt_tokens":1,"cached_tokens":0,"completion_tokens":1,"cost_usd":0}}}
{"workspace":{}}
`;

/** By the first byte of a body. */
export const dictionaries: Readonly<Record<number, Uint8Array>> = {
  1: new TextEncoder().encode(version1),
};
