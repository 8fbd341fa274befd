// Programs that call the guarded API with a key.

const quoted = (text: string): string => JSON.stringify(text);

export const EXAMPLES = {
  curl: (api: string, key: string) => `curl ${api}/ \\
  -H "Authorization: Bearer ${key}"`,

  JavaScript: (api: string, key: string) => `const response = await fetch(${quoted(`${api}/`)}, {
  headers: { Authorization: ${quoted(`Bearer ${key}`)} },
});
if (!response.ok) throw new Error(await response.text());
console.log(await response.json());`,

  Python: (api: string, key: string) => `import json, urllib.request

request = urllib.request.Request(
    ${quoted(`${api}/`)},
    headers={"Authorization": ${quoted(`Bearer ${key}`)}},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))`,

  "C#": (api: string, key: string) => `using var client = new HttpClient();
client.DefaultRequestHeaders.Authorization =
    new("Bearer", ${quoted(key)});
Console.WriteLine(await client.GetStringAsync(${quoted(`${api}/`)}));`,
} as const;

export type Language = keyof typeof EXAMPLES;
