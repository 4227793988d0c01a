"""The app: labsim's screens, on Solara. It imports labsim; labsim never imports it (`labsim app` only serves it)."""
