"""What jambonz calls back for: tools, event hooks, action hooks."""
