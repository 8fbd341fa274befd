// Says what an operator's key opens.

export function Use() {
  return (
    <p class="fine">
      It signs in to this dashboard, and opens the management API as <code>Authorization: Bearer …</code>, each as far
      as its scopes go.
    </p>
  );
}
