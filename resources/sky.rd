<resource schema="twomass" resdir="twomass">
	<!-- The sky to zoom and pan in: a HiPS of each band and one in colours, as the published release has them. -->

	<meta name="creationDate">2025-01-01T00:00:00Z</meta>
	<meta name="title">2MASS in a Box: the Sky in J, H and Ks</meta>
	<meta name="description">The Atlas Images of a near-infrared sky survey as hierarchical progressive surveys (HiPS) in
		J (1.25 µm), H (1.65 µm), Ks (2.16 µm) and in colours.</meta>
	<meta name="subject">infrared-astronomy</meta>
	<meta name="subject">surveys</meta>
	<meta name="creator">2MASS in a Box</meta>
	<meta name="instrument">2MASS camera</meta>
	<meta name="facility">2MASS</meta>
	<meta name="source">2006AJ....131.1163S</meta>
	<meta name="contentLevel">Research</meta>
	<meta name="type">Survey</meta>
	<meta name="coverage.waveband">Infrared</meta>
	<coverage fallbackTo="twomass/q"/>

	<LOOP>
		<codeItems>
			from processing.publish.sky_services import hips_services
			yield from hips_services(base.getTableConn, base.getConfig("rootDir"))
		</codeItems>
		<events>
			<service id="\name" allowed="hips">
				<meta name="title">\title (HiPS)</meta>
				<meta name="shortName">2MASS \name</meta>
				<meta name="resType">dataService</meta>
				<meta name="description">\description</meta>
				<publish render="hips" sets="ivo_managed"/>
				<property name="staticData">\folder</property>
				<nullCore/>
			</service>
		</events>
	</LOOP>

	<LOOP>
		<codeItems>
			from processing.publish.sky_services import folder_in
			yield from folder_in(base.getTableConn, base.getConfig("rootDir"), "hips")
		</codeItems>
		<events>
			<service id="list" allowed="static">
				<meta name="title">List of HiPS</meta>
				<meta name="description">Addresses and properties of the HiPS of this server: give this address to Aladin.</meta>
				<property name="staticData">\folder</property>
				<nullCore/>
			</service>
		</events>
	</LOOP>
</resource>
