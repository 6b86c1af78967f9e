"""What should happen when: configured actions, their templates, consent and the rows they write. Never sends."""
