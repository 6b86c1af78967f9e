// Ory's own TypeScript client, unmodified: a native app signs up, in, changes itself and leaves; an operator looks after
// identities. Compiled with its types under --strict, then run; prints one line per step, ends with 1 at the first wrong one.
import { strict as assert } from "node:assert"
import { Configuration, CourierApi, FrontendApi, IdentityApi, MetadataApi } from "@ory/kratos-client"

const [publicUrl, adminUrl] = process.argv.slice(2) as [string, string]
const frontend = new FrontendApi(new Configuration({ basePath: publicUrl }))
const identities = new IdentityApi(new Configuration({ basePath: adminUrl }))
const courier = new CourierApi(new Configuration({ basePath: adminUrl }))
const metadata = new MetadataApi(new Configuration({ basePath: adminUrl }))
const PASSWORD = "correct-horse-9-battery"
const NEW_PASSWORD = "staple-7-paperclip-moon"
const email = `walk-${Date.now()}@example.org`

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work()
    console.log(`ok ${name}`)
    return result
  } catch (error) {
    const answer = (error as { response?: { status: number; data: unknown } }).response
    console.log(`FAILED ${name}: ${answer ? `${answer.status} ${JSON.stringify(answer.data)}` : String(error)}`)
    process.exit(1)
  }
}

async function refused(status: number, work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    const answer = (error as { response?: { status: number; data: unknown } }).response
    assert.equal(answer?.status, status)
    return answer?.data
  }
  assert.fail("was not refused")
}

async function native(): Promise<void> {
  const token = await step("registration", async () => {
    const flow = (await frontend.createNativeRegistrationFlow()).data
    const body = { method: "password" as const, password: PASSWORD, traits: { email } }
    const done = (await frontend.updateRegistrationFlow({ flow: flow.id, updateRegistrationFlowBody: body })).data
    assert.equal(done.identity.traits.email, email)
    return done.session_token ?? ""
  })
  await step("whoami", async () => {
    const session = (await frontend.toSession({ xSessionToken: token })).data
    assert.equal(session.active, true)
    assert.equal(session.authenticator_assurance_level, "aal1")
  })
  await step("login refused", async () => {
    const flow = (await frontend.createNativeLoginFlow()).data
    const body = { method: "password" as const, identifier: email, password: "wrong-password-1" }
    const answer = await refused(400, () => frontend.updateLoginFlow({ flow: flow.id, updateLoginFlowBody: body }))
    assert.equal((answer as typeof flow).ui.messages?.[0]?.id, 4000006)
  })
  const second = await step("login", async () => {
    const flow = (await frontend.createNativeLoginFlow()).data
    const body = { method: "password" as const, identifier: email, password: PASSWORD }
    return (await frontend.updateLoginFlow({ flow: flow.id, updateLoginFlowBody: body })).data.session_token ?? ""
  })
  await step("settings: profile", async () => {
    const flow = (await frontend.createNativeSettingsFlow({ xSessionToken: second })).data
    const body = { method: "profile" as const, traits: { email, name: { first: "Ada" } } }
    const done = await frontend.updateSettingsFlow({ flow: flow.id, updateSettingsFlowBody: body, xSessionToken: second })
    assert.equal(done.data.state, "success")
    assert.equal(done.data.identity.traits.name.first, "Ada")
  })
  await step("settings: password", async () => {
    const flow = (await frontend.createNativeSettingsFlow({ xSessionToken: second })).data
    const body = { method: "password" as const, password: NEW_PASSWORD }
    await frontend.updateSettingsFlow({ flow: flow.id, updateSettingsFlowBody: body, xSessionToken: second })
  })
  await step("sessions: list, revoke the others", async () => {
    const others = (await frontend.listMySessions({ xSessionToken: second })).data
    assert.equal(others.length, 1)
    assert.equal((await frontend.disableMyOtherSessions({ xSessionToken: second })).data.count, 1)
    await refused(401, () => frontend.toSession({ xSessionToken: token }))
  })
  await step("recovery begins", async () => {
    const flow = (await frontend.createNativeRecoveryFlow()).data
    const body = { method: "code" as const, email }
    const sent = await frontend.updateRecoveryFlow({ flow: flow.id, updateRecoveryFlowBody: body })
    assert.equal(sent.data.state, "sent_email")
  })
  await step("verification begins", async () => {
    const flow = (await frontend.createNativeVerificationFlow()).data
    const body = { method: "code" as const, email }
    const sent = await frontend.updateVerificationFlow({ flow: flow.id, updateVerificationFlowBody: body })
    assert.equal(sent.data.state, "sent_email")
  })
  await step("logout", async () => {
    await frontend.performNativeLogout({ performNativeLogoutBody: { session_token: second } })
    await refused(401, () => frontend.toSession({ xSessionToken: second }))
  })
}

async function admin(): Promise<void> {
  const address = `made-${Date.now()}@example.org`
  const schema_id = (await identities.listIdentitySchemas()).data[0]!.id
  const made = await step("admin: create", async () => {
    const credentials = { password: { config: { password: PASSWORD } } }
    const body = { schema_id, traits: { email: address }, credentials }
    return (await identities.createIdentity({ createIdentityBody: body })).data
  })
  await step("admin: read, list, patch, replace", async () => {
    assert.equal((await identities.getIdentity({ id: made.id })).data.traits.email, address)
    const found = (await identities.listIdentities({ credentialsIdentifier: address })).data
    assert.deepEqual(found.map((each) => each.id), [made.id])
    const patch = [{ op: "replace", path: "/metadata_public", value: { tier: 2 } }]
    const patched = (await identities.patchIdentity({ id: made.id, jsonPatch: patch })).data
    assert.deepEqual(patched.metadata_public, { tier: 2 })
    const updateIdentityBody = { schema_id, state: "active" as const, traits: { email: address } }
    assert.equal((await identities.updateIdentity({ id: made.id, updateIdentityBody })).data.state, "active")
  })
  await step("admin: recovery code", async () => {
    const body = { identity_id: made.id }
    const code = (await identities.createRecoveryCodeForIdentity({ createRecoveryCodeForIdentityBody: body })).data
    assert.match(code.recovery_code, /^[0-9]{6}$/)
  })
  await step("admin: sessions and messages", async () => {
    assert.ok(Array.isArray((await identities.listSessions({ active: true })).data))
    assert.ok(Array.isArray((await courier.listCourierMessages({})).data))
    assert.ok((await identities.listIdentitySchemas()).data.length > 0)
  })
  await step("admin: delete", async () => {
    await identities.deleteIdentity({ id: made.id })
    await refused(404, () => identities.getIdentity({ id: made.id }))
  })
}

await step("health and version", async () => {
  assert.equal((await metadata.isReady()).data.status, "ok")
  assert.ok((await metadata.getVersion()).data.version)
})
await native()
await admin()
