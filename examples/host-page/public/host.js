// Gives the element its session: at first, and again whenever one ends. The token stays in memory.

const keys = document.querySelector("keystile-keys");

keys.getSession = async () => {
  const response = await fetch("/keystile-session", { method: "POST" });
  if (!response.ok) throw new Error(`The session was refused: ${response.status}`);
  const { token } = await response.json();
  return token;
};
