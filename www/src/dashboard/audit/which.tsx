// Chooses a log, and the key in it: both stand in the address once they are chosen.

import { useEffect, useState } from "preact/hooks";

import { useApp } from "../../app";
import { firstPage } from "../../components/paging";
import { Segments } from "../parts/page";

interface Props {
  tenant: string | undefined;
  keyId: string | undefined;
  /** Whether there is more than one log to choose from. */
  choice: boolean;
}

export function Which({ tenant, keyId, choice }: Props) {
  const { router } = useApp();
  const [kind, setKind] = useState<"operators" | "tenant">(tenant === undefined ? "operators" : "tenant");
  const [name, setName] = useState(tenant ?? "");
  const [id, setId] = useState(keyId ?? "");
  // Back, forward and links change the address, and the fields follow.
  useEffect(() => {
    setKind(tenant === undefined ? "operators" : "tenant");
    setName(tenant ?? "");
    setId(keyId ?? "");
  }, [tenant, keyId]);
  const show = (to: { tenant: string | undefined; key_id: string | undefined }): void =>
    router.set({ ...to, ...firstPage() });
  const noun = kind === "tenant" || !choice ? "key" : "operator";
  return (
    <form
      class="which"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        show({
          tenant: choice && kind === "operators" ? undefined : name.trim() || undefined,
          key_id: id.trim() || undefined,
        });
      }}
    >
      {choice && (
        <Segments
          label="Whose log"
          values={[
            ["operators", "Operators"],
            ["tenant", "A tenant"],
          ]}
          value={kind}
          onChange={(to) => {
            setKind(to);
            // An id belongs to one log alone.
            setId("");
            if (to === "operators" && tenant !== undefined) show({ tenant: undefined, key_id: undefined });
          }}
        />
      )}
      {choice && kind === "tenant" && (
        <input
          aria-label="Tenant"
          placeholder="Tenant"
          required
          maxLength={64}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      )}
      <input
        type="search"
        aria-label={`Id of the ${noun}`}
        placeholder={noun === "key" ? "All keys, or a key’s id: key_…" : "All operators, or an operator’s id: op_…"}
        maxLength={64}
        autocomplete="off"
        spellcheck={false}
        value={id}
        onInput={(event) => {
          setId(event.currentTarget.value);
          if (event.currentTarget.value === "" && keyId !== undefined) show({ tenant, key_id: undefined });
        }}
      />
      <button type="submit" class="button">
        Show
      </button>
    </form>
  );
}
