"""Code that speaks to one kind of system each. Connectors never import one another; `registry` names them all."""
