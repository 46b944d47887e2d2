<resource schema="twomass" resdir="twomass">
	<!-- Who publishes: the organisation to which the records of this site refer. It is as etc/defaultmeta.txt has it; an
	organisation that another registry keeps (with a publisherID under another authority) is left to that one. -->

	<meta name="creationDate">2025-01-01T00:00:00Z</meta>
	<meta name="schema-rank">100</meta>

	<resRec id="org">
		<meta name="resType">organization</meta>
		<meta name="identifier">\metaString{publisherID}</meta>
		<meta name="title">\metaString{publisher}</meta>
		<meta name="shortName">\metaString{authority.shortName}</meta>
		<meta name="subject">surveys</meta>
		<meta name="subject">infrared-astronomy</meta>
		<meta name="description">\metaString{publisher} runs \metaString{authority.shortName}:
			\metaString{authority.description}</meta>
		<meta name="referenceURL">\metaString{authority.referenceURL}</meta>
		<meta name="creationDate">\metaString{authority.creationDate}</meta>
		<meta name="sets">ivo_managed</meta>
	</resRec>
</resource>
