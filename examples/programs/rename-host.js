import fs from "node:fs";

const changed = [];
for (const path of fs
  .readdirSync("config")
  .sort()
  .map((name) => `config/${name}`)) {
  const content = await read_file({ path });
  const edited = content.replaceAll("api-old.shop.example", "api.shop.example");
  if (edited !== content) {
    await write_file({ path, content: edited });
    changed.push(path);
  }
}
console.log(JSON.stringify(changed));
