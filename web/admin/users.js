// Accounts: who may log in, as what, and where he is logged in.
import { html, useMemo, useState } from "../shared/view.js";
import { ago, t, words } from "../shared/i18n.js";
import { Avatar } from "../shared/components/avatar.js";
import { Button } from "../shared/components/button.js";
import { get, useAnswer } from "./api.js";
import { Page, SearchBox, Table, When } from "./page.js";
import { EditUser, NewUser } from "./user-dialogs.js";

words({
  "users.sub": [
    { one: "{n} compte", other: "{n} comptes" }, { one: "{n} account", other: "{n} accounts" },
    { one: "حساب واحد", two: "حسابان", few: "{n} حسابات", other: "{n} حساباً" },
  ],
  "users.filter": ["Filtrer par nom ou rôle", "Filter by name or role", "تصفية بالاسم أو الدور"],
  "users.new": ["Nouveau compte", "New account", "حساب جديد"],
  "users.username": ["Nom d’utilisateur", "User name", "اسم المستخدم"],
  "users.display": ["Nom affiché", "Display name", "الاسم المعروض"],
  "users.state": ["État", "State", "الحالة"],
  "users.active": ["actif", "active", "نشط"],
  "users.disabled": ["désactivé", "disabled", "معطّل"],
  "users.must": ["mot de passe à changer", "password to be changed", "يجب تغيير كلمة المرور"],
  "users.lost": ["rôle absent de l’application", "role not in the app pack", "الدور غير موجود في التطبيق"],
  "users.last": ["Dernière connexion", "Last login", "آخر دخول"],
  "users.made": ["Créé", "Made", "أُنشئ"],
  "users.edit": ["Modifier {name}", "Change {name}", "تعديل {name}"],
});

export function Users({ user: self }) {
  const answer = useAnswer(() => get("users"), [], 15_000);
  const pack = useAnswer(() => get("pack")).data;
  const [filter, setFilter] = useState("");
  const [making, setMaking] = useState(false), [editing, setEditing] = useState(null);
  const all = answer.data?.users ?? [];
  const roles = pack?.roles ?? [];
  const titles = new Map(roles.map(({ name, title }) => [name, title]));
  const rows = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return all.filter((one) => !wanted || [one.username, one.display_name, one.role].some((text) => text.toLowerCase().includes(wanted)));
  }, [all, filter]);
  const current = editing && all.find(({ id }) => id === editing);

  const columns = [
    { key: "name", label: t("user"), cell: (one) => html`<span dir="auto">${one.username}</span>` },
    { key: "display", label: t("users.display"), wide: true, cell: (one) => html`<span class="row"><${Avatar} name=${one.display_name} seed=${one.username} size="small" /><span dir="auto">${one.display_name}</span></span>` },
    { key: "role", label: t("role"), cell: (one) => html`<span dir="auto">${titles.get(one.role) ?? one.role}</span>` },
    { key: "state", label: t("users.state"), cell: (one) => html`<span class="row wrap">
      <span class=${`chip ${one.active ? "good" : "danger"}`}>${t(one.active ? "users.active" : "users.disabled")}</span>
      ${one.must_change_password && html`<span class="chip warn">${t("users.must")}</span>`}
      ${pack && !titles.has(one.role) && html`<span class="chip danger">${t("users.lost")}</span>`}</span>` },
    { key: "last", label: t("users.last"), wide: true, cell: (one) => one.last_login_at ? html`<${When} at=${one.last_login_at} text=${ago(one.last_login_at)} />` : html`<span class="muted">${t("never")}</span>` },
    { key: "made", label: t("users.made"), wide: true, cell: (one) => html`<${When} at=${one.created_at} text=${ago(one.created_at)} />` },
    { key: "actions", label: html`<span class="sr-only">${t("actions")}</span>`, cell: (one) => html`<div class="actions">
      <${Button} icon="edit" kind="quiet" label=${t("users.edit", { name: one.username })} onClick=${() => setEditing(one.id)} /></div>` },
  ];
  return html`<${Page} title=${t("nav.users")} sub=${t("users.sub", { n: all.length })} answer=${answer}
    actions=${html`<${Button} kind="primary" icon="plus" onClick=${() => setMaking(true)}>${t("users.new")}<//>`}>
    <div class="toolbar"><${SearchBox} label=${t("users.filter")} value=${filter} onValue=${setFilter} /></div>
    <${Table} label=${t("nav.users")} columns=${columns} rows=${rows} keyOf=${({ id }) => id} onRow=${({ id }) => setEditing(id)} />
    ${making && html`<${NewUser} roles=${roles} onClose=${() => setMaking(false)} onDone=${answer.reload} />`}
    ${current && html`<${EditUser} key=${current.id} user=${current} self=${self} roles=${roles} onClose=${() => setEditing(null)} onDone=${answer.reload} />`}
  <//>`;
}
