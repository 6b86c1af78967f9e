// What HubSpot learns of a person. `ctx` is the event: identity, flow, request.
function(ctx) {
  local traits = ctx.identity.traits,
  local name = if std.objectHas(traits, 'name') then traits.name else {},
  properties: std.prune({
    email: traits.email,
    firstname: std.get(name, 'first'),
    lastname: std.get(name, 'last'),
  }),
}
