"""What was decided and whether it was carried out: directives and escalations, as their steps say on a day."""
