// Ory's elements with their own theme, one page for every flow. Nothing here knows that the server is not Kratos.
import { Configuration, FrontendApi } from "@ory/client-fetch"
import { Login, Recovery, Registration, Settings, Verification } from "@ory/elements-react/theme"
import "@ory/elements-react/theme/styles.css"
import type { ReactNode } from "react"
import { createRoot } from "react-dom/client"

declare global {
  interface Window {
    SERVER: string
  }
}

const server = window.SERVER
const here = window.location.origin
const frontend = new FrontendApi(new Configuration({ basePath: server, credentials: "include" }))
const config = {
  sdk: { url: server, options: { credentials: "include" as const } },
  project: {
    name: "Doorward",
    default_redirect_url: `${here}/welcome`,
    error_ui_url: `${here}/error`,
    login_ui_url: `${here}/login`,
    recovery_enabled: true,
    recovery_ui_url: `${here}/recovery`,
    registration_enabled: true,
    registration_ui_url: `${here}/registration`,
    settings_ui_url: `${here}/settings`,
    verification_enabled: true,
    verification_ui_url: `${here}/verification`,
  },
}

async function drawn(kind: string, id: string): Promise<ReactNode> {
  switch (kind) {
    case "login":
      return <Login flow={await frontend.getLoginFlow({ id })} config={config} />
    case "registration":
      return <Registration flow={await frontend.getRegistrationFlow({ id })} config={config} />
    case "settings":
      return <Settings flow={await frontend.getSettingsFlow({ id })} config={config} />
    case "recovery":
      return <Recovery flow={await frontend.getRecoveryFlow({ id })} config={config} />
    case "verification":
      return <Verification flow={await frontend.getVerificationFlow({ id })} config={config} />
    case "welcome":
      return <p>{`Signed in as ${JSON.stringify((await frontend.toSession()).identity?.traits)}`}</p>
    default:
      return <p>{`Nothing here: ${kind}`}</p>
  }
}

async function show(): Promise<void> {
  const kind = window.location.pathname.slice(1)
  const id = new URLSearchParams(window.location.search).get("flow")
  const isFlow = ["login", "registration", "settings", "recovery", "verification"].includes(kind)
  if (isFlow && !id) {
    window.location.href = `${server}/self-service/${kind}/browser`
    return
  }
  createRoot(document.getElementById("root")!).render(await drawn(kind, id ?? ""))
}

show().catch((error: unknown) => {
  document.body.append(`Failed: ${String(error)}`)
})
