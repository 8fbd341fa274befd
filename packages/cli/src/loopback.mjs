// Addresses of this machine.

/** Whether the host of a URL is this machine. Other hosts may begin like one: 127.0.0.1.example.com. */
export function isLoopback(url) {
  return URL.canParse(url) && /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
