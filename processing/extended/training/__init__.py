"""How the classifier of extended sources is made: simulated scenes, the flow's own candidates in them, their truth."""
